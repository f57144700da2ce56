"""Trees of steps: what the strategies that search them have in common.

Every node is one attempt, and a trace where one came of it: so many nodes as the budget has samples are made and kept,
pruned ones included, and no more. The score of a node is worked out from the training pairs alone; of steps of a text,
which give no program before their end, it is what scored them (a process scorer, or how sure the model was).

A step of a text answers nothing, so that what the budget ends with is asked to its end: the last of so many steps as a
text may have, and every node of the last round that the budget pays for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from trajectories.core.identity import derive_seed
from trajectories.core.strategies.base import (
    BY_STEPS,
    PRUNED,
    AttemptKind,
    Ended,
    InRounds,
    Parameter,
    Planned,
    Settings,
    Situation,
    Slot,
    fitting,
)

KEEP = Parameter("keep", "Kept", 4, 1, 500, "So many nodes are gone on from in each round.")
EXPAND = Parameter("expand", "Expanded", 4, 1, 500, "So many next steps are drawn of each.")
DEPTH = Parameter("depth", "Steps", 6, 1, 40, "So many at most; of a text the last one goes to its end.")


class Grows(InRounds):
    """What every strategy is that lets programs or texts grow step by step, one node for each slot; `grow` says where.

    The sampler has to build programs by steps, or to go on with a text of its own.
    """

    steps = True

    def following(self, situation: Situation, settings: Settings) -> Sequence[Planned]:
        """The next nodes, see base.Strategy."""
        if fitting(situation) >= settings["enough"]:
            return ()
        return to_ends(situation, self.grow(situation, settings), settings)

    def grow(self, situation: Situation, settings: Settings) -> Sequence[Planned]:
        """Which nodes get a next step, as long as fewer answers fit than are enough; none where no node can grow."""
        raise NotImplementedError


def to_ends(situation: Situation, planned: Sequence[Planned], settings: Settings) -> Sequence[Planned]:
    """A plan of next steps; of texts those to the end that are their last, or that the budget ends with."""
    if not situation.of_text:
        return planned
    tree = Tree(situation)
    is_last = len(planned) >= tree.left

    def asked(each: Planned) -> Planned:
        above = tree.nodes.get(each.parent) if each.parent is not None else None
        depth = 0 if above is None else tree.depth(above)
        ends = each.kind is AttemptKind.STEP and (is_last or depth + 1 >= settings["depth"])
        return replace(each, kind=AttemptKind.REST) if ends else each

    return [asked(each) for each in planned]


def value_of(node: Ended) -> float:
    """The score of a node in [0, 1]: the mean of the shares of training pairs and of cells that are right, or of steps
    of a text what scored them."""
    if node.fits:
        return 1.0
    if node.worth is not None:
        return node.worth
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
        steps = [each for each in self.situation.ended if each.kind in BY_STEPS]
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
        """Whether anything can go on from it: it does not fit yet, a text is not at its end, and the sampler has not
        run out of next steps. Of a text any next step shows that there are more: one without a trace may be a call that
        failed."""
        if node.trace is None or self.is_answer(node):
            return False
        children = self.children.get(node.trace, ())
        if self.situation.of_text:
            return not children or any(each.trace is not None for each in children)
        return all(each.trace is not None for each in children)

    def is_answer(self, node: Ended) -> bool:
        """Whether it is done with for good: its program fits, or its text is at its end."""
        return bool(node.fits) or (self.situation.of_text and not node.goes_on)

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
    return tree.next_steps([node for node in kept if tree.is_open(node)], settings["expand"])


def beam_behind(situation: Situation, settings: Settings) -> Sequence[Planned]:
    """A beam after a first round of whole samples: its first steps, then its rounds."""
    tree = Tree(situation)
    if situation.round == 0:
        return first_steps(situation.slots, min(settings["keep"] * settings["expand"], tree.left))
    return beam_round(tree, settings)


def beam_pruned(tree: Tree, settings: Settings) -> dict[int, str]:
    """Why the beam does not go on from a node of the last round."""
    kept, ranked = _beam(tree, settings)
    reasons = {}
    for place, node in enumerate(ranked, 1):
        if node in kept or tree.is_answer(node) or node.trace is None:
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
    """(the nodes that are kept, all of the round), best first. A text at its end takes up its place in the beam: no
    other is gone on from only because it is done."""
    ranked = tree.ranked(tree.of_round(tree.situation.round))
    return [node for node in ranked if may_stay(tree, node, settings)][: settings["keep"]], ranked


def may_stay(tree: Tree, node: Ended, settings: Settings) -> bool:
    """Whether a node can be gone on from, or is a text at its end."""
    is_whole_text = tree.situation.of_text and tree.is_answer(node)
    return is_whole_text or (tree.is_open(node) and tree.depth(node) < settings["depth"])
