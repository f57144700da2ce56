"""Best-first search over steps: always on from the best node that there is, however deep it is."""

from collections.abc import Mapping, Sequence

from trajectories.core.strategies.base import (
    ENOUGH,
    LEFT_OPEN,
    Ended,
    Parameter,
    Planned,
    Settings,
    Situation,
    Slot,
    fitting,
)
from trajectories.core.strategies.trees import DEPTH, EXPAND, Grows, Tree, first_steps, value_of


class BestFirst(Grows):
    """In each round the `batch` best nodes are gone on from; one that was before comes after all that were not."""

    name = "best-first"
    title = "Best first"
    summary = "Programs or texts grow step by step, always from the best node of the whole tree."
    parameters: tuple[Parameter, ...] = (
        Parameter("roots", "First steps", 8, 1, 1_000, "So many first steps are drawn."),
        Parameter("batch", "Nodes a round", 2, 1, 500, "So many nodes are gone on from before looking again."),
        EXPAND,
        DEPTH,
        ENOUGH,
    )

    def first(self, slots: Sequence[Slot], settings: Settings) -> Sequence[Planned]:
        """The first steps."""
        return first_steps(slots, settings["roots"])

    def grow(self, situation: Situation, settings: Settings) -> Sequence[Planned]:
        """Next steps of the best open nodes."""
        tree = Tree(situation)
        return tree.next_steps(_queue(tree, settings)[: settings["batch"]], settings["expand"])

    def pruned(self, situation: Situation, settings: Settings) -> Mapping[int, str]:
        """Why each node without a next step was left open, once the problem is done with: nothing is pruned before."""
        tree = Tree(situation)
        if self.following(situation, settings):
            return {}
        queue = [node for node in _queue(tree, settings) if not tree.born(node)]
        why = "a program fits" if fitting(situation) >= settings["enough"] else "the budget is spent"
        return {
            node.trace: f"{LEFT_OPEN}: place {place} of {len(queue)} with a score of {value_of(node):.0%}; {why}."
            for place, node in enumerate(queue, 1)
            if node.trace is not None
        }


def _queue(tree: Tree, settings: Settings) -> list[Ended]:
    """The nodes that can be gone on from, the next one first."""
    able = [node for node in tree.nodes.values() if tree.is_open(node) and tree.depth(node) < settings["depth"]]
    return sorted(able, key=lambda node: (tree.born(node), -value_of(node), tree.chance(node)))
