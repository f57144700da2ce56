"""Beam search that values a node by where greedy steps from it lead (Snell et al. 2024, section 5.2)."""

from collections.abc import Mapping, Sequence

from trajectories.core.strategies.base import (
    ENOUGH,
    PRUNED,
    Ended,
    Parameter,
    Planned,
    Settings,
    Situation,
    Slot,
)
from trajectories.core.strategies.trees import DEPTH, KEEP, Grows, Tree, first_steps, value_of


class Lookahead(Grows):
    """Each node of a level is followed by `ahead` of the sampler's likeliest next steps; the score at their end counts.

    The steps that look ahead are nodes like any other: they cost as much, and where their node is kept the first of
    them is one of its next steps.
    """

    name = "lookahead"
    title = "Lookahead"
    summary = "A beam that values each node by where a few greedy steps from it lead."
    parameters: tuple[Parameter, ...] = (
        KEEP,
        Parameter("expand", "Expanded", 4, 2, 500, "Each has so many next steps, the greedy one among them."),
        Parameter("ahead", "Steps ahead", 1, 1, 10, "So many greedy steps are taken from each node."),
        DEPTH,
        ENOUGH,
    )

    def first(self, slots: Sequence[Slot], settings: Settings) -> Sequence[Planned]:
        """As many first steps as a level has nodes."""
        return first_steps(slots, settings["keep"] * settings["expand"])

    def grow(self, situation: Situation, settings: Settings) -> Sequence[Planned]:
        """Greedy steps while a node of the level lacks some; then the next steps of the best."""
        tree = Tree(situation)
        if tree.left <= 0:
            return ()
        _, level = _levels(tree)[-1]
        if greedy := _greedy(tree, level, settings):
            return tree.next_steps(greedy, 1)
        kept = _kept(tree, level, settings)
        missing = [(node, settings["expand"] - tree.born(node)) for node in kept]
        planned = [each for node, count in missing for each in tree.next_steps([node], max(0, count))]
        return planned[: tree.left]

    def pruned(self, situation: Situation, settings: Settings) -> Mapping[int, str]:
        """See base.Prunes."""
        tree = Tree(situation)
        reasons = {}
        levels = _levels(tree)
        # While greedy steps of the last level are missing, nobody has chosen among its nodes yet.
        if _greedy(tree, levels[-1][1], settings) and self.following(situation, settings):
            levels.pop()
        for depth, level in levels:
            kept = _kept(tree, level, settings)
            ranked = sorted(level, key=lambda node: -_worth(tree, node))
            for place, node in enumerate(ranked, 1):
                if node not in kept and not tree.is_answer(node) and node.trace is not None:
                    reasons[node.trace] = (
                        f"{PRUNED}: at step {depth} place {place} of {len(ranked)}; greedy steps from it reach a score "
                        f"of {_worth(tree, node):.0%}, and {settings['keep']} are kept."
                    )
        return reasons


def _line(tree: Tree, node: Ended) -> list[Ended]:
    """The node and the greedy steps from it, as far as there are any: always the first child."""
    line = [node]
    while children := [each for each in tree.children.get(line[-1].trace, ()) if each.trace is not None]:
        line.append(children[0])
    return line


def _greedy(tree: Tree, level: Sequence[Ended], settings: Settings) -> list[Ended]:
    """The ends of lines that do not yet reach as far ahead as they should, and can."""
    ends = [line[-1] for line in (_line(tree, node) for node in level) if len(line) <= settings["ahead"]]
    return [end for end in ends if tree.is_open(end) and not tree.born(end) and tree.depth(end) < settings["depth"]]


def _worth(tree: Tree, node: Ended) -> float:
    return value_of(_line(tree, node)[-1])


def _kept(tree: Tree, level: Sequence[Ended], settings: Settings) -> list[Ended]:
    able = [node for node in level if tree.is_open(node) and tree.depth(node) < settings["depth"]]
    return sorted(able, key=lambda node: (-_worth(tree, node), tree.chance(node)))[: settings["keep"]]


def _levels(tree: Tree) -> list[tuple[int, list[Ended]]]:
    """(depth, its nodes) of each level so far: the first steps, then the next steps of those that were kept.

    A level is the last one as long as none of its nodes has more than its greedy step.
    """
    level = [each for each in tree.children.get(None, ()) if each.trace is not None]
    found = [(1, level)]
    while True:
        # A node that was kept has more than its greedy step.
        kept = [node for node in level if tree.born(node) > 1]
        following = [each for node in kept for each in tree.children[node.trace] if each.trace is not None]
        if not following:
            return found
        level = following
        found.append((found[-1][0] + 1, level))
