"""Monte-Carlo tree search over steps, with UCT (Kocsis & Szepesvari 2006).

A node's reward is its own score, without a rollout: that is a sample more for each, and lookahead is a strategy of its
own. Several nodes are chosen in one round; each counts as a visit without reward until it is there (a virtual loss), so
that they differ.
"""

import math
from collections.abc import Mapping, Sequence

from trajectories.core.strategies.base import (
    ENOUGH,
    LEFT_OPEN,
    AttemptKind,
    Ended,
    Parameter,
    Planned,
    Settings,
    Situation,
    Slot,
    fitting,
)
from trajectories.core.strategies.trees import DEPTH, Grows, Tree, after, first_steps, value_of


class Mcts(Grows):
    """From the top down to the child with the largest bound, until a node may have another next step."""

    name = "mcts"
    title = "Monte-Carlo tree search"
    summary = "Programs or texts grow step by step where the score is good or little is known (UCT)."
    parameters: tuple[Parameter, ...] = (
        Parameter("roots", "First steps", 8, 1, 1_000, "So many first steps are drawn."),
        Parameter("branch", "Next steps", 4, 1, 500, "A node has at most so many next steps."),
        Parameter("leaves", "Nodes a round", 4, 1, 500, "So many nodes are added before looking again."),
        Parameter("explore", "Exploration", 50, 0, 1_000, "The constant of UCT in hundredths: 0 goes by scores alone."),
        DEPTH,
        ENOUGH,
    )

    def first(self, slots: Sequence[Slot], settings: Settings) -> Sequence[Planned]:
        """The first steps."""
        return first_steps(slots, settings["roots"])

    def grow(self, situation: Situation, settings: Settings) -> Sequence[Planned]:
        """The next nodes, one after the other down the tree."""
        walk = _Walk(Tree(situation), settings)
        planned = []
        for _ in range(min(settings["leaves"], walk.tree.left)):
            parent = walk.descend()
            if parent is None:
                break
            ordinal = walk.tree.born(parent) + walk.added.get(parent.trace, 0)
            walk.added[parent.trace] = walk.added.get(parent.trace, 0) + 1
            planned.append(Planned(after(parent, ordinal), AttemptKind.STEP, parent.trace))
        return planned

    def pruned(self, situation: Situation, settings: Settings) -> Mapping[int, str]:
        """Why each node without a next step was left open, once the problem is done with: nothing is pruned before."""
        if self.following(situation, settings):
            return {}
        walk = _Walk(Tree(situation), settings)
        why = "a program fits" if fitting(situation) >= settings["enough"] else "the budget is spent"
        return {
            trace: f"{LEFT_OPEN}: {walk.visits[trace]} visit{'s' * (walk.visits[trace] != 1)} with a mean score of "
            f"{walk.rewards[trace] / walk.visits[trace]:.0%}; {why}."
            for trace, node in walk.tree.nodes.items()
            if not walk.tree.is_answer(node) and not walk.tree.born(node)
        }


class _Walk:
    """Visits and rewards of every node, counted once from what has ended, then raised by what is chosen."""

    def __init__(self, tree: Tree, settings: Settings) -> None:
        self.tree, self._settings = tree, settings
        self.visits: dict[int | None, int] = {None: 0}
        self.rewards: dict[int | None, float] = {}
        self.added: dict[int | None, int] = {}
        self._spent: dict[int | None, bool] = {}
        for node in tree.nodes.values():
            self._count(node, value_of(node))

    def _count(self, node: Ended, reward: float) -> None:
        """A visit to a node and to all above it."""
        at: Ended | None = node
        while at is not None:
            self.visits[at.trace] = self.visits.get(at.trace, 0) + 1
            self.rewards[at.trace] = self.rewards.get(at.trace, 0.0) + reward
            at = self.tree.nodes.get(at.parent) if at.parent is not None else None
        self.visits[None] += 1

    def descend(self) -> Ended | None:
        """The node that gets the next child, counted as a visit without reward; None where none can."""
        parent: Ended | None = None
        while True:
            key = None if parent is None else parent.trace
            children = [each for each in self.tree.children.get(key, ()) if each.trace is not None]
            able = [each for each in children if not self._is_spent(each)]
            if not able:
                return None
            parent = max(able, key=lambda each: (self._bound(each, key), -self.tree.chance(each)))
            if self._may_grow(parent):
                self._count(parent, 0.0)
                return parent

    def _bound(self, node: Ended, above: int | None) -> float:
        visits = self.visits[node.trace]
        explore = self._settings["explore"] / 100
        return self.rewards[node.trace] / visits + explore * math.sqrt(math.log(self.visits[above]) / visits)

    def _may_grow(self, node: Ended) -> bool:
        count = self.tree.born(node) + self.added.get(node.trace, 0)
        is_short = self.tree.depth(node) < self._settings["depth"]
        return self.tree.is_open(node) and is_short and count < self._settings["branch"]

    def _is_spent(self, node: Ended) -> bool:
        """Whether nothing can be added at the node or anywhere below it."""
        if self._may_grow(node):
            return False
        below = [each for each in self.tree.children.get(node.trace, ()) if each.trace is not None]
        return all(self._is_spent(each) for each in below)
