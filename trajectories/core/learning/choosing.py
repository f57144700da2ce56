"""Which lessons enter a training: pure functions over what is known of each, none of which reads a text.

What mattered in SOAR (2025) was the choice: correct only 34.7, uniform 32.4, greedy and diverse 36.5 of 100.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from trajectories.core.identity import derive_seed
from trajectories.core.learning.rules import CORRECT, GREEDY_DIVERSE, UNIFORM, TrainingRule
from trajectories.core.releases.spreading import Contender, spread, spread_from

ACCURACY_BINS = (0.0, 0.34, 0.98, 1.0)
"""The upper ends of the bins: nothing right, up to a third, nearly all, all."""


@dataclass(frozen=True, slots=True)
class Entrant:
    """What is known of a lesson that may enter. `key` tells it from all others; `contender` is how it is compared with
    others of its problem; `accuracy` is the share of the demonstrations that its program gives right, None where it is
    not known."""

    key: int
    problem: str
    is_correct: bool | None
    contender: Contender
    accuracy: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """What one clause did: how many it removed, or added, and how many were left. `note` says more in words."""

    clause: str
    removed: int
    added: int
    left: int
    note: str = ""

    def as_json(self) -> dict[str, int | str]:
        """The stored form."""
        told: dict[str, int | str] = {
            "clause": self.clause,
            "removed": self.removed,
            "added": self.added,
            "left": self.left,
        }
        return {**told, "note": self.note} if self.note else told


@dataclass(frozen=True, slots=True)
class Chosen:
    """The keys of what entered, by where it came from, each in the order given; and what each clause did."""

    sampled: tuple[int, ...] = ()
    """Of traces that were sampled for it."""
    relabelled: tuple[int, ...] = ()
    """Of tasks made of what wrong programs do."""
    replayed: tuple[int, ...] = ()
    """Of traces that earlier trainings learnt from."""
    seeds: tuple[int, ...] = ()
    """Of the seed traces of its campaign."""
    lines: tuple[Line, ...] = ()
    """What each clause did."""


@dataclass(slots=True)
class _Funnel:
    left: int
    lines: list[Line] = field(default_factory=list)

    def tell(self, clause: str, left: int) -> None:
        self.lines.append(Line(clause, max(0, self.left - left), max(0, left - self.left), left))
        self.left = left


def choose(
    rule: TrainingRule,
    entrants: Sequence[Entrant],
    relabelled: Sequence[Entrant] = (),
    replayable: Sequence[Entrant] = (),
    seeds: Sequence[Entrant] = (),
    *,
    seed: int = 0,
) -> Chosen:
    """Apply a rule to what is there: items as they are, wrong ones as hindsight made them, those of releases that may
    be replayed, and those that always enter. The same input gives the same choice, and nothing is taken twice."""
    funnel = _Funnel(len(entrants))
    taken = take(rule, entrants)
    funnel.tell(f"take_{rule.take}", len(taken))
    kept = cap(rule, taken, seed)
    funnel.tell("per_problem", len(kept))
    old = choose_relabelled(rule, relabelled, seed)
    if rule.relabel:
        funnel.tell("relabelled", len(kept) + len(old))
    again: list[Entrant] = []
    if rule.replay:
        usable = cap(rule, take(rule, replayable), seed)
        again = draw_evenly(usable, replay_count(rule.replay, len(kept) + len(old), len(usable)), seed)
        funnel.tell("replay", len(kept) + len(old) + len(again))
    if rule.seeds:
        funnel.tell("seeds", funnel.left + len(seeds))
    return Chosen(_keys(kept), _keys(old), _keys(again), _keys(seeds), tuple(funnel.lines))


def take(rule: TrainingRule, entrants: Iterable[Entrant]) -> list[Entrant]:
    """Those of which the rule wants any: what is wrong enters only where it asks for it."""
    return [each for each in entrants if rule.take != CORRECT or each.is_correct is not False]


def cap(rule: TrainingRule, entrants: Sequence[Entrant], seed: int) -> list[Entrant]:
    """At most so many of each problem, chosen as the rule says, in the order given."""
    if rule.per_problem is None:
        return list(entrants)
    ways: dict[str, Callable[[Sequence[Entrant], int, int], list[Entrant]]] = {
        CORRECT: lambda group, most, _: most_different(group, most),
        UNIFORM: draw_evenly,
        GREEDY_DIVERSE: lambda group, most, _: greedy_diverse(group, most),
    }
    chosen: set[int] = set()
    for group in by_problem(entrants).values():
        chosen |= {each.key for each in ways[rule.take](group, rule.per_problem, seed)}
    return [each for each in entrants if each.key in chosen]


def most_different(group: Sequence[Entrant], most: int) -> list[Entrant]:
    """At most so many of one problem, the most different first, right ones before others (releases.spreading)."""
    return [group[place] for place in spread([each.contender for each in group], most)]


def greedy_diverse(group: Sequence[Entrant], most: int) -> list[Entrant]:
    """Half of them the best by accuracy, the rest the most different of what is left; all where there are fewer."""
    ranked = sorted(group, key=lambda each: (-_accuracy(each), each.key))
    best = ranked[: math.ceil(most / 2)]
    contenders = [each.contender for each in ranked]
    others = spread_from(contenders, range(len(best)), most - len(best))
    return [*best, *(ranked[place] for place in others)]


def draw_evenly(entrants: Sequence[Entrant], most: int, seed: int) -> list[Entrant]:
    """At most so many, problem by problem in turn, each problem's in an order that the seed draws."""
    groups = [
        sorted(group, key=lambda each: derive_seed(seed, problem, each.key))
        for problem, group in sorted(by_problem(entrants).items(), key=lambda item: derive_seed(seed, item[0]))
    ]
    drawn: list[Entrant] = []
    for turn in range(max(map(len, groups), default=0)):
        drawn += [group[turn] for group in groups if turn < len(group)]
    return drawn[:most]


def choose_relabelled(rule: TrainingRule, entrants: Sequence[Entrant], seed: int) -> list[Entrant]:
    """At most `rule.relabel` of each problem that the programs were written for; with `bins` as evenly over how right
    they were as there are programs."""
    chosen: list[Entrant] = []
    for group in by_problem(entrants).values() if rule.relabel else ():
        chosen += fill_bins(group, rule.relabel, seed) if rule.bins else most_different(group, rule.relabel)
    return sorted(chosen, key=lambda each: each.key)


def fill_bins(group: Sequence[Entrant], most: int, seed: int) -> list[Entrant]:
    """At most so many, one from each bin of accuracy in turn until none is left: no bin has two more than another that
    had more to give."""
    bins: dict[int, list[Entrant]] = {}
    for each in sorted(group, key=lambda each: derive_seed(seed, each.key)):
        bins.setdefault(bin_of(_accuracy(each)), []).append(each)
    chosen: list[Entrant] = []
    for turn in range(max(map(len, bins.values()), default=0)):
        chosen += [bins[place][turn] for place in sorted(bins) if turn < len(bins[place])]
    return chosen[:most]


def bin_of(accuracy: float) -> int:
    """The number of the bin of an accuracy in [0, 1], see ACCURACY_BINS."""
    return next(number for number, top in enumerate(ACCURACY_BINS) if accuracy <= top)


def replay_count(percent: float, fresh: int, there: int) -> int:
    """How many old ones make up so many percent of all with `fresh` new ones; as many as are there at the most."""
    return min(there, int(fresh * percent / (100 - percent) + 1e-9))


def by_problem(entrants: Iterable[Entrant]) -> dict[str, list[Entrant]]:
    """The entrants of each problem, in the order given."""
    groups: dict[str, list[Entrant]] = {}
    for each in entrants:
        groups.setdefault(each.problem, []).append(each)
    return groups


def _accuracy(each: Entrant) -> float:
    if each.accuracy is not None:
        return each.accuracy
    return 1.0 if each.is_correct else 0.0


def _keys(entrants: Iterable[Entrant]) -> tuple[int, ...]:
    return tuple(each.key for each in entrants)
