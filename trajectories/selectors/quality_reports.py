"""The quality report: counts of the database turned into agreement, reliability and what is doubtful.

A report is kept until a review is added, so that it is computed once per change however often it is looked at.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.core.cache import cache

from trajectories.core.curation.agreement import (
    Coefficient,
    Shared,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    percent_agreement,
)
from trajectories.core.curation.reliability import Decisions, Estimate, dawid_skene
from trajectories.selectors.quality import (
    CATEGORIES,
    STEP_RANGES,
    TRACES_KEPT,
    Activity,
    PairTable,
    QualityScope,
    ReasonUse,
    Totals,
    VoterPattern,
    activities,
    decision_patterns,
    last_review,
    names_of,
    pair_tables,
    reason_patterns,
    reason_uses,
    step_patterns,
    totals,
    voter_patterns,
)

KEPT_SECONDS = 3_600
PAIR_ROUNDS = 300
"""Resamples for each pair of reviewers, of whom there may be many."""
DOUBTFUL_SHOWN = TRACES_KEPT
SMOOTHING = 1.0


@dataclass(frozen=True, slots=True)
class Coefficients:
    """All that is said of the agreement on some items. `cohen` is there where exactly two people decided."""

    percent: Coefficient
    fleiss: Coefficient
    alpha: Coefficient
    ac1: Coefficient
    cohen: Coefficient | None = None


@dataclass(frozen=True, slots=True)
class PairRow:
    """Two reviewers by name, and how far they agree on the traces that both decided on."""

    first: str
    second: str
    percent: Coefficient
    cohen: Coefficient
    ac1: Coefficient


@dataclass(frozen=True, slots=True)
class ReviewerRow:
    """One reviewer: how many reviews they gave, how often others agreed (None where nobody else reviewed their traces),
    and their estimated reliability (None where it is undefined; `why` says why)."""

    name: str
    activity: Activity
    agreed: int
    compared: int
    reliability: float | None
    why: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """Steps from `first` to `last`, counted from 1 (None: to the end), and how far labels on them agree."""

    first: int
    last: int | None
    figures: Coefficients


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A trace on which the estimate and the majority part. `chance` is that of being right to accept it.

    `majority` and `estimate` are "accept", "reject", or "" for a tie.
    """

    trace: int
    accepted: int
    rejected: int
    chance: float
    majority: str
    estimate: str


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of a scope. `doubtful` holds the DOUBTFUL_SHOWN most doubtful of `doubtful_count` traces."""

    totals: Totals
    overall: Coefficients
    pairs: Sequence[PairRow]
    reviewers: Sequence[ReviewerRow]
    reasons: Sequence[ReasonUse]
    reason_figures: Coefficients
    steps: Sequence[StepRow]
    doubtful: Sequence[Doubtful]
    doubtful_count: int


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One reviewer's agreement with each of the others, in one order of names; None for themselves and where two share
    nothing.
    """

    name: str
    cells: Sequence[PairRow | None]


def pair_matrix(report: Report) -> list[MatrixRow]:
    """Everybody who shares a trace with somebody, against everybody, by name."""
    by_names = {frozenset((pair.first, pair.second)): pair for pair in report.pairs}
    names = sorted({name for pair in by_names for name in pair})
    return [MatrixRow(one, [by_names.get(frozenset((one, other))) for other in names]) for one in names]


def quality_report(scope: QualityScope) -> Report:
    """The report of a scope, computed anew only where reviews were added since."""
    key = "quality:" + hashlib.sha256(repr(last_review(scope)).encode()).hexdigest()
    kept = cache.get(key)
    if isinstance(kept, Report):
        return kept
    report = _compute(scope)
    cache.set(key, report, KEPT_SECONDS)
    return report


def _compute(scope: QualityScope) -> Report:
    tables, people = pair_tables(scope), activities(scope)
    names = names_of([person.reviewer for person in people])
    overall = coefficients(decision_patterns(scope))
    if len(tables) == 1 and len(people) == 2:
        overall = Coefficients(
            overall.percent, overall.fleiss, overall.alpha, overall.ac1, cohen_kappa(next(iter(tables.values())))
        )
    truth = _Truth(voter_patterns(scope))
    doubtful, doubtful_count = truth.doubtful()
    by_step = step_patterns(scope)
    return Report(
        totals=totals(scope),
        overall=overall,
        pairs=_pairs(tables, names),
        reviewers=_reviewers(people, tables, names, truth),
        reasons=reason_uses(scope),
        reason_figures=coefficients(reason_patterns(scope)),
        steps=[
            StepRow(first + 1, None if last > 10**8 else last + 1, coefficients(by_step[place]))
            for place, (first, last) in enumerate(STEP_RANGES)
            if place in by_step
        ],
        doubtful=doubtful,
        doubtful_count=doubtful_count,
    )


def coefficients(patterns: Mapping[tuple[int, ...], int]) -> Coefficients:
    """Everything that is said of the agreement on items that are counted by pattern."""
    shared = Shared.of(patterns)
    return Coefficients(percent_agreement(shared), fleiss_kappa(shared), krippendorff_alpha(shared), gwet_ac1(shared))


def _pairs(tables: Mapping[tuple[int, int], PairTable], names: Mapping[int, str]) -> list[PairRow]:
    """Every pair that shares a trace, those that share most first."""
    rows = []
    for (one, other), table in tables.items():
        shared = Shared.of(_as_patterns(table))
        rows.append(
            PairRow(
                names[one],
                names[other],
                percent_agreement(shared, rounds=PAIR_ROUNDS),
                cohen_kappa(table, rounds=PAIR_ROUNDS),
                gwet_ac1(shared, rounds=PAIR_ROUNDS),
            )
        )
    return sorted(rows, key=lambda row: (-row.percent.n, row.first, row.second))


def _as_patterns(table: PairTable) -> dict[tuple[int, ...], int]:
    found: Counter[tuple[int, ...]] = Counter()
    for cell, items in table.items():
        found[tuple(cell.count(category) for category in range(len(CATEGORIES)))] += items
    return dict(found)


class _Truth:
    """What the estimate of Dawid and Skene says of the traces and people of a scope."""

    def __init__(self, patterns: Sequence[VoterPattern]) -> None:
        self.patterns = patterns
        people = sorted({person for pattern in patterns for person, _ in pattern.decisions})
        self.places = {person: place for place, person in enumerate(people)}
        rows = [
            (item, self.places[person], category)
            for item, pattern in enumerate(patterns)
            for person, category in pattern.decisions
        ]
        decisions = Decisions.of(
            rows,
            items=len(patterns),
            people=len(people),
            categories=len(CATEGORIES),
            weights=[pattern.count for pattern in patterns],
        )
        self.estimate: Estimate = dawid_skene(decisions, smoothing=SMOOTHING)

    def reliability(self, reviewer: int) -> tuple[float | None, str]:
        """(how reliable a reviewer is, why that is undefined)."""
        place = self.places[reviewer]
        return self.estimate.reliability(place), self.estimate.why_undefined(place)

    def doubtful(self) -> tuple[list[Doubtful], int]:
        """(the most even, how many in all) of the traces of at least two reviews on which estimate and majority part
        or either is tied."""
        found = []
        count = 0
        for item, pattern in enumerate(self.patterns):
            rejected = sum(category for _, category in pattern.decisions)
            accepted = len(pattern.decisions) - rejected
            majority = _word(accepted - rejected)
            estimate = "" if (likely := self.estimate.decision(item)) is None else CATEGORIES[likely]
            if accepted + rejected > 1 and (majority != estimate or not majority):
                chance = float(self.estimate.posterior[item, 0])
                count += pattern.count
                found += [Doubtful(trace, accepted, rejected, chance, majority, estimate) for trace in pattern.traces]
        return sorted(found, key=lambda row: (abs(row.chance - 0.5), row.trace))[:DOUBTFUL_SHOWN], count


def _word(balance: int) -> str:
    """What the votes come to: more acceptances, more rejections, or "" for a tie."""
    return CATEGORIES[balance < 0] if balance else ""


def _reviewers(
    people: Sequence[Activity], tables: Mapping[tuple[int, int], PairTable], names: Mapping[int, str], truth: _Truth
) -> list[ReviewerRow]:
    agreed: defaultdict[int, int] = defaultdict(int)
    compared: defaultdict[int, int] = defaultdict(int)
    for pair, table in tables.items():
        for person in pair:
            compared[person] += sum(table.values())
            agreed[person] += sum(items for (one, other), items in table.items() if one == other)
    return [
        ReviewerRow(
            names[person.reviewer],
            person,
            agreed[person.reviewer],
            compared[person.reviewer],
            *truth.reliability(person.reviewer),
        )
        for person in people
    ]
