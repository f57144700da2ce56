"""Learning a short, exact list of rules from bit sets of cells: small conjunctions that separate right from wrong.

A rule is a conjunction of literals and a source of colour; it must be right on every training cell it decides.
Candidates for a conjunction are the literals true on all cells it has to cover (a version space, Mitchell 1982); the
cheapest sets of up to three whose complements cover all forbidden cells are found exactly, larger or partial ones
greedily by FOIL's gain (Quinlan 1990). Rules are learned one after another until every training cell is right
(sequential covering, Fürnkranz 1999).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MAX_RULES = 10
MAX_CONDITIONS = 4
_PAIRED = 80  # literals with distinct exclusions that are tried in pairs
_TRIPLED = 24  # and in threes
_SOURCES = 10  # sources tried for a rule
_GREEDY_SOURCES = 4  # and for a rule that covers only a part
_RULE_COST = 0.5
_FIRST_WORDS = 6  # of cells that all pairs of literals are compared on
_HOPELESS = 30.0  # cost at which a list is given up

Words = npt.NDArray[np.uint64]


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


class Literals:
    """Literals as a matrix of training bits: one column each, 64 cells to a word. `low` is the number of test cells."""

    def __init__(self, literals: Sequence[Literal], cells: int, low: int) -> None:
        self.all = tuple(literals)
        self._low = low
        self._bytes = -(-(cells - low) // 64) * 8
        joined = b"".join([(literal.bits >> low).to_bytes(self._bytes, "little") for literal in literals])
        by_literal = np.frombuffer(joined, dtype=np.uint64).reshape(len(self.all), self._bytes // 8)
        # Words in rows: what is asked of each literal is then worked out for all of them at once.
        self.words: Words = np.ascontiguousarray(by_literal.T)
        self.costs = np.array([literal.cost for literal in literals], dtype=np.float64)
        self.features = np.array([literal.feature for literal in literals], dtype=np.int64)

    def pack(self, bits: int) -> Words:
        """A set of training cells as one column."""
        return np.frombuffer((bits >> self._low).to_bytes(self._bytes, "little"), dtype=np.uint64)[:, None]

    def without(self, banned: frozenset[int]) -> "Literals":
        """The literals on other features, renumbered but the same literals."""
        if not banned:
            return self
        keep = np.flatnonzero(~np.isin(self.features, sorted(banned)))
        fewer = object.__new__(Literals)
        fewer.all = tuple([self.all[number] for number in keep.tolist()])
        fewer._low, fewer._bytes = self._low, self._bytes
        fewer.words, fewer.costs, fewer.features = self.words[:, keep], self.costs[keep], self.features[keep]
        return fewer


@dataclass(frozen=True, slots=True)
class Choice:
    """A rule under consideration and its rating: cost, with a surcharge for the wrong cells it leaves."""

    literals: tuple[Literal, ...]
    source: SourceBits
    rating: float


def learn(literals: Literals, sources: Sequence[SourceBits], default: SourceBits, training: int) -> RuleList:
    """Learn rules on top of a default until every cell of `training` is right or nothing more can be learned."""
    wrong = training & ~default.right
    handled = 0
    cost = default.cost
    rules: list[LearnedRule] = []
    others = [source for source in sources if source is not default]
    while wrong and len(rules) < MAX_RULES and cost < _HOPELESS:
        choice = _best_rule(literals, others, wrong, training & ~handled)
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


def _best_rule(literals: Literals, sources: Sequence[SourceBits], wrong: int, open_cells: int) -> Choice | None:
    """The cheapest rule, with a surcharge for the wrong cells it leaves to later rules."""
    ranked = sorted(sources, key=lambda source: (-(source.right & wrong).bit_count(), source.cost, source.index))
    best: Choice | None = None
    total = wrong.bit_count()
    for place, source in enumerate(ranked[:_SOURCES]):
        wanted = source.right & wrong
        if not wanted:
            break
        if best is not None and source.cost >= best.rating:
            continue
        forbidden = open_cells & source.valid & ~source.right
        found = separate(literals, wanted, forbidden)
        if found is None and place < _GREEDY_SOURCES:
            found = grow(literals, wanted, forbidden)
        if found is None:
            continue
        for literal in found:
            wanted &= literal.bits
        share = wanted.bit_count() / total
        rating = source.cost + sum(literal.cost for literal in found) + (0.0 if share == 1 else 2.0 + 2.0 * (1 - share))
        if best is None or rating < best.rating:
            best = Choice(found, source, rating)
    return best


def separate(literals: Literals, wanted: int, forbidden: int) -> tuple[Literal, ...] | None:
    """The cheapest conjunction of at most three literals that holds on all of `wanted` and nowhere on `forbidden`."""
    if not forbidden:
        return ()
    needed = literals.pack(wanted)
    asked = np.flatnonzero(needed[:, 0])
    rows = np.flatnonzero(((literals.words[asked] & needed[asked]) == needed[asked]).all(axis=0))
    barred = literals.pack(forbidden)
    used = np.flatnonzero(barred[:, 0])
    kept = literals.words[used[:, None], rows] & barred[used]
    if not len(rows) or np.bitwise_and.reduce(kept, axis=1).any():
        return None  # not even all of them together exclude everything forbidden
    left = np.bitwise_count(kept).sum(axis=0, dtype=np.int64)
    order = np.lexsort((rows, literals.costs[rows], left))[: 4 * _PAIRED]
    pool = [int(order[place]) for place in _distinct(kept[:, order])]
    pool_kept, pool_costs = kept[:, pool], literals.costs[rows[pool]]
    chosen = _cheapest_of_two(pool_kept, pool_costs)
    chosen = chosen or _cheapest_of_three(pool_kept[:, :_TRIPLED], pool_costs[:_TRIPLED])
    return tuple(literals.all[rows[pool[position]]] for position in chosen) if chosen else None


def _distinct(kept: Words) -> list[int]:
    """The first columns that differ from those before them, as many as are tried in pairs."""
    size = kept.shape[0] * kept.itemsize
    cells = np.ascontiguousarray(kept.T).tobytes()
    seen: dict[bytes, int] = {}
    for place in range(kept.shape[1]):
        seen.setdefault(cells[place * size : (place + 1) * size], place)
        if len(seen) == _PAIRED:
            break
    return list(seen.values())


def _apart(some: Words, others: Words) -> npt.NDArray[np.bool_]:
    """For each two columns whether they have no common cell."""
    common: Words = some[0][:, None] & others[0][None, :]
    for one, other in zip(some[1:_FIRST_WORDS], others[1:_FIRST_WORDS]):
        common |= one[:, None] & other[None, :]
    apart = np.equal(common, 0)
    if len(some) > _FIRST_WORDS:
        # Few are left: only those are compared on.
        first, second = np.nonzero(apart)
        apart[first, second] = ~(some[_FIRST_WORDS:, first] & others[_FIRST_WORDS:, second]).any(axis=0)
    return apart


def _cheapest_of_two(kept: Words, costs: npt.NDArray[np.float64]) -> tuple[int, ...] | None:
    """Positions of the cheapest one or two columns without a common cell."""
    empty = _apart(kept, kept)
    prices = np.where(empty, costs[:, None] + costs[None, :], np.inf)
    alone = np.flatnonzero(np.diagonal(empty))
    prices[alone, alone] = costs[alone]
    first, second = divmod(int(prices.argmin()), len(costs))
    if not np.isfinite(prices[first, second]):
        return None
    return (first,) if first == second else (first, second)


def _cheapest_of_three(kept: Words, costs: npt.NDArray[np.float64]) -> tuple[int, ...] | None:
    """Positions of the cheapest three columns without a common cell."""
    one, two = np.triu_indices(len(costs), 1)
    empty = _apart(kept[:, one] & kept[:, two], kept)
    prices = np.where(empty, (costs[one] + costs[two])[:, None] + costs[None, :], np.inf)
    if not prices.size:
        return None
    pair, third = divmod(int(prices.argmin()), len(costs))
    if not np.isfinite(prices[pair, third]):
        return None
    return int(one[pair]), int(two[pair]), third


def grow(literals: Literals, wanted: int, forbidden: int) -> tuple[Literal, ...] | None:
    """A conjunction that holds on much of `wanted` and nowhere on `forbidden`, grown by FOIL's gain."""
    chosen: list[Literal] = []
    good, bad = literals.pack(wanted), literals.pack(forbidden)
    while bad.any():
        if len(chosen) == MAX_CONDITIONS or not len(literals.all):
            return None
        covered = np.bitwise_count(literals.words & good).sum(axis=0, dtype=np.int64)
        kept = np.bitwise_count(literals.words & bad).sum(axis=0, dtype=np.int64)
        before = _purity(np.bitwise_count(good).sum(dtype=np.int64), np.bitwise_count(bad).sum(dtype=np.int64))
        gain = covered * (_purity(covered, kept) - before) / (1 + 0.1 * literals.costs)
        best = int(np.round(gain, 6).argmax())
        if gain[best] <= 0:
            return None
        chosen.append(literals.all[best])
        good, bad = good & literals.words[:, best : best + 1], bad & literals.words[:, best : best + 1]
    return tuple(chosen)


Counts = npt.NDArray[np.int64] | np.int64


def _purity(positive: Counts, negative: Counts) -> npt.NDArray[np.float64]:
    return np.log2(np.maximum(positive, 0.5) / np.maximum(positive + negative, 0.5))
