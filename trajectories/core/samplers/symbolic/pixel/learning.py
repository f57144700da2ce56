"""Learning a short, exact list of rules from bit sets of cells: the smallest conjunctions that separate right from wrong.

A rule is a conjunction of literals and a source of colour; it must be right on every training cell it decides.
Candidates for a conjunction are the literals true on all cells it has to cover (a version space, Mitchell 1982); the
cheapest sets of up to three whose complements cover all forbidden cells are found exactly, larger or partial ones
greedily by FOIL's gain (Quinlan 1990). Rules are learned one after another until every training cell is right
(sequential covering, Fürnkranz 1999).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

MAX_RULES = 10
MAX_CONDITIONS = 4
_WIDTH = 70  # literals with distinct exclusions that are tried in pairs
_SOURCES = 10  # sources tried for a rule
_RULE_COST = 0.5


@dataclass(frozen=True, slots=True)
class Literal:
    """A condition as the set of cells where it holds; `index` finds the condition, `feature` its map's number."""

    bits: int
    cost: float
    index: int
    feature: int


@dataclass(frozen=True, slots=True)
class SourceBits:
    """A source of colour: the training cells where it is right, and all cells where it gives a colour."""

    right: int
    valid: int
    cost: float
    index: int
    feature: int
    total: bool


@dataclass(frozen=True, slots=True)
class LearnedRule:
    """Literals and source by index; `fires` are the cells decided here and not by an earlier rule."""

    literals: tuple[Literal, ...]
    source: SourceBits
    fires: int


@dataclass(frozen=True, slots=True)
class RuleList:
    """Rules in order, then the default. `wrong` are the training cells that are still wrong."""

    rules: tuple[LearnedRule, ...]
    default: SourceBits
    wrong: int
    cost: float


@dataclass(frozen=True, slots=True)
class Choice:
    """A rule under consideration: how many wrong cells it repairs, and its price."""

    literals: tuple[Literal, ...]
    source: SourceBits
    repaired: int
    rating: float


def learn(
    literals: Sequence[Literal], sources: Sequence[SourceBits], default: SourceBits, training: int
) -> RuleList:
    """Learn rules on top of a default until every cell of `training` is right or nothing more can be learned."""
    wrong = training & ~default.right
    handled = 0
    cost = default.cost
    rules: list[LearnedRule] = []
    while wrong and len(rules) < MAX_RULES:
        choice = _best_rule(literals, [s for s in sources if s is not default], wrong, training & ~handled)
        if choice is None:
            break
        fires = choice.source.valid & ~handled
        for literal in choice.literals:
            fires &= literal.bits
        rules.append(LearnedRule(choice.literals, choice.source, fires))
        cost += _RULE_COST + choice.source.cost + sum(literal.cost for literal in choice.literals)
        handled |= fires
        wrong &= ~fires
    return RuleList(tuple(rules), default, wrong, cost)


def _best_rule(
    literals: Sequence[Literal], sources: Sequence[SourceBits], wrong: int, open_cells: int
) -> Choice | None:
    """The cheapest rule, with a surcharge for the wrong cells it leaves to later rules."""
    ranked = sorted(sources, key=lambda source: (-(source.right & wrong).bit_count(), source.cost, source.index))
    best: Choice | None = None
    total = wrong.bit_count()
    for source in ranked[:_SOURCES]:
        wanted = source.right & wrong
        if not wanted:
            break
        forbidden = open_cells & source.valid & ~source.right
        found = separate(literals, wanted, forbidden) or _partial(literals, wanted, forbidden)
        if found is None:
            continue
        covered = wanted
        for literal in found:
            covered &= literal.bits
        share = covered.bit_count() / total
        rating = source.cost + sum(literal.cost for literal in found) + (0.0 if share == 1 else 2.0 + 2.0 * (1 - share))
        if best is None or rating < best.rating:
            best = Choice(found, source, covered, rating)
    return best


def separate(literals: Sequence[Literal], wanted: int, forbidden: int) -> tuple[Literal, ...] | None:
    """The cheapest conjunction of at most three literals that holds on all of `wanted` and nowhere on `forbidden`."""
    if not forbidden:
        return ()
    cheapest: dict[int, Literal] = {}
    for literal in literals:
        if not wanted & ~literal.bits:
            excluded = forbidden & ~literal.bits
            if excluded:
                known = cheapest.get(excluded)
                if known is None or literal.cost < known.cost:
                    cheapest[excluded] = literal
    alone = cheapest.get(forbidden)
    best: tuple[Literal, ...] | None = (alone,) if alone else None
    limit = alone.cost if alone else float("inf")
    pool = sorted(cheapest.items(), key=lambda item: (-item[0].bit_count(), item[1].cost, item[1].index))[:_WIDTH]
    for position, (excluded, literal) in enumerate(pool):
        left = forbidden & ~excluded
        for other, second in pool[position + 1 :]:
            if not left & ~other and literal.cost + second.cost < limit:
                best, limit = (literal, second), literal.cost + second.cost
    return best or _three(pool, forbidden)


def _three(pool: Sequence[tuple[int, Literal]], forbidden: int) -> tuple[Literal, ...] | None:
    best: tuple[Literal, ...] | None = None
    limit = float("inf")
    pool = pool[:30]
    for i, (first_out, first) in enumerate(pool):
        for j, (second_out, second) in enumerate(pool[i + 1 :], i + 1):
            left = forbidden & ~first_out & ~second_out
            for third_out, third in pool[j + 1 :]:
                if not left & ~third_out and first.cost + second.cost + third.cost < limit:
                    best, limit = (first, second, third), first.cost + second.cost + third.cost
    return best


def _partial(literals: Sequence[Literal], wanted: int, forbidden: int) -> tuple[Literal, ...] | None:
    """A conjunction that holds on much of `wanted` and nowhere on `forbidden`, grown by FOIL's gain."""
    chosen: list[Literal] = []
    while forbidden:
        if len(chosen) == MAX_CONDITIONS:
            return None
        before = _information(wanted.bit_count(), forbidden.bit_count())
        best: Literal | None = None
        best_gain = 0.0
        for literal in literals:
            covered = (wanted & literal.bits).bit_count()
            if covered:
                kept = (forbidden & literal.bits).bit_count()
                gain = covered * (before - _information(covered, kept)) / (1 + 0.1 * literal.cost)
                if gain > best_gain:
                    best, best_gain = literal, gain
        if best is None:
            return None
        chosen.append(best)
        wanted &= best.bits
        forbidden &= best.bits
    return tuple(chosen)


def _information(positive: int, negative: int) -> float:
    return -log2(positive / (positive + negative))
