"""Trees of steps: what the strategies that search them have in common.

Every node is one attempt, and a trace where one came of it: so many nodes as the budget has samples are made and kept,
pruned ones included, and no more. The score of a node is worked out from the training pairs alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from trajectories.core.identity import derive_seed
from trajectories.core.strategies.base import (
    PRUNED,
    AttemptKind,
    Ended,
    Look,
    Parameter,
    Planned,
    Settings,
    Situation,
    Slot,
)

KEEP = Parameter("keep", "Kept", 4, 1, 500, "So many nodes are gone on from in each round.")
EXPAND = Parameter("expand", "Expanded", 4, 1, 500, "So many next steps are drawn of each.")
DEPTH = Parameter("depth", "Steps", 6, 1, 40, "A program has at most so many steps.")


class Grows:
    """What every strategy is that lets programs grow step by step: one node for each slot, by a sampler of programs."""

    needs_model = False
    adapts = True
    calls_tools = False
    writes_programs = False
    steps = True
    looks_at = Look.NOTHING

    def most(self, slots: int, settings: Settings) -> int:  # noqa: ARG002
        """One node for each slot."""
        return slots


def value_of(node: Ended) -> float:
    """The score of a node in [0, 1]: the mean of the shares of training pairs and of cells that are right."""
    if node.fits:
        return 1.0
    if node.train_error is None:
        return 0.0
    return ((node.train_share or 0.0) + (1.0 - node.train_error)) / 2


@dataclass(frozen=True, slots=True)
class Tree:
    """The steps of a situation, each under the one that it went on from.

    `nodes` are those with a trace, by its key; `children` all attempts by the key of their parent, None at the top.
    """

    situation: Situation
    nodes: Mapping[int, Ended] = field(init=False)
    children: Mapping[int | None, Sequence[Ended]] = field(init=False)

    def __post_init__(self) -> None:
        steps = [each for each in self.situation.ended if each.kind is AttemptKind.STEP]
        children: dict[int | None, list[Ended]] = {}
        for each in steps:
            children.setdefault(each.parent, []).append(each)
        object.__setattr__(self, "nodes", {each.trace: each for each in steps if each.trace is not None})
        object.__setattr__(self, "children", children)

    @property
    def left(self) -> int:
        """How many nodes the budget still has: as many as slots, whatever they were used for."""
        return len(self.situation.slots) - len(self.situation.ended)

    def born(self, node: Ended) -> int:
        """How many next steps of a node were asked for."""
        return len(self.children.get(node.trace, ()))

    def is_open(self, node: Ended) -> bool:
        """Whether anything can go on from it: it does not fit yet, and the sampler has not run out of next steps."""
        return node.trace is not None and not node.fits and all(
            each.trace is not None for each in self.children.get(node.trace, ())
        )  # fmt: skip

    def depth(self, node: Ended) -> int:
        """The number of its steps."""
        count = 1
        while node.parent is not None and node.parent in self.nodes:
            node, count = self.nodes[node.parent], count + 1
        return count

    def root(self, node: Ended) -> Ended:
        """The first step that it comes from."""
        while node.parent is not None and node.parent in self.nodes:
            node = self.nodes[node.parent]
        return node

    def of_round(self, number: int) -> list[Ended]:
        """The nodes that came in a round."""
        return [node for node in self.nodes.values() if node.round == number]

    def ranked(self, nodes: Sequence[Ended]) -> list[Ended]:
        """Best first; equal ones as the seed draws them."""
        return sorted(nodes, key=lambda node: (-value_of(node), self.chance(node)))

    def chance(self, node: Ended) -> int:
        """A number drawn for a node by the seed."""
        return derive_seed(self.situation.seed, "node", node.trace)

    def next_steps(self, parents: Sequence[Ended], count: int) -> list[Planned]:
        """`count` next steps of each, every parent's first one before anybody's second, within the budget."""
        wanted = [
            Planned(after(parent, self.born(parent) + child), AttemptKind.STEP, parent.trace)
            for child in range(count)
            for parent in parents
        ]
        return wanted[: max(0, self.left)]


def after(parent: Ended, ordinal: int) -> Slot:
    """The slot of a node's next step number `ordinal`."""
    return Slot(parent.slot.instruction, parent.slot.temperature, ordinal)


def first_steps(slots: Sequence[Slot], count: int) -> list[Planned]:
    """The first steps of `count` trees, of each instruction in turn."""
    return [Planned(slot, AttemptKind.STEP) for slot in slots[:count]]


def beam_round(tree: Tree, settings: Settings) -> list[Planned]:
    """The next round of a beam over the nodes of the last one."""
    kept, _ = _beam(tree, settings)
    return tree.next_steps(kept, settings["expand"])


def beam_pruned(tree: Tree, settings: Settings) -> dict[int, str]:
    """Why the beam does not go on from a node of the last round."""
    kept, ranked = _beam(tree, settings)
    reasons = {}
    for place, node in enumerate(ranked, 1):
        if node in kept or node.fits or node.trace is None:
            continue
        if tree.depth(node) >= settings["depth"]:
            reasons[node.trace] = f"{PRUNED}: it has {tree.depth(node)} steps, the most there may be."
        else:
            reasons[node.trace] = (
                f"{PRUNED}: place {place} of {len(ranked)} with a score of {value_of(node):.0%}; the beam keeps "
                f"{settings['keep']}."
            )
    return reasons


def _beam(tree: Tree, settings: Settings) -> tuple[list[Ended], list[Ended]]:
    """(the nodes that are kept, all of the round), best first."""
    ranked = tree.ranked(tree.of_round(tree.situation.round))
    able = [node for node in ranked if tree.is_open(node) and tree.depth(node) < settings["depth"]]
    return able[: settings["keep"]], ranked
