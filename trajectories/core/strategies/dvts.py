"""Diverse verifier tree search (Beeching et al. 2024): independent subtrees, each of which keeps its own best node."""

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
from trajectories.core.strategies.trees import DEPTH, EXPAND, Grows, Tree, first_steps, may_stay, value_of


class Dvts(Grows):
    """Trees that know nothing of one another, so that no one of them can take the whole budget with one idea."""

    name = "dvts"
    title = "Independent trees"
    summary = "Several trees beside one another; each goes on from its own best node (DVTS)."
    parameters: tuple[Parameter, ...] = (
        Parameter("trees", "Trees", 4, 1, 500, "So many trees, each with first steps of its own."),
        EXPAND,
        DEPTH,
        ENOUGH,
    )

    def first(self, slots: Sequence[Slot], settings: Settings) -> Sequence[Planned]:
        """The first steps of every tree."""
        return first_steps(slots, settings["trees"] * settings["expand"])

    def grow(self, situation: Situation, settings: Settings) -> Sequence[Planned]:
        """The next steps of each tree's best node of the round."""
        tree = Tree(situation)
        best = [kept for kept, _ in _trees(tree, settings).values() if kept and tree.is_open(kept)]
        return tree.next_steps(best, settings["expand"])

    def pruned(self, situation: Situation, settings: Settings) -> Mapping[int, str]:
        """See base.Prunes."""
        tree = Tree(situation)
        reasons = {}
        for number, (kept, ranked) in _trees(tree, settings).items():
            for place, node in enumerate(ranked, 1):
                if node is kept or tree.is_answer(node) or node.trace is None:
                    continue
                reasons[node.trace] = (
                    f"{PRUNED}: place {place} of {len(ranked)} in tree {number + 1} with a score of "
                    f"{value_of(node):.0%}; a tree goes on from its best."
                )
        return reasons


def _trees(tree: Tree, settings: Settings) -> dict[int, tuple[Ended | None, list[Ended]]]:
    """By the number of the tree: (the node that it goes on from, its nodes of the round best first)."""
    places = {each.trace: place for place, each in enumerate(tree.children.get(None, ()))}
    found: dict[int, list[Ended]] = {}
    for node in tree.of_round(tree.situation.round):
        found.setdefault(places[tree.root(node).trace] // settings["expand"], []).append(node)
    chosen: dict[int, tuple[Ended | None, list[Ended]]] = {}
    for number, nodes in sorted(found.items()):
        ranked = tree.ranked(nodes)
        chosen[number] = next((node for node in ranked if may_stay(tree, node, settings)), None), ranked
    return chosen
