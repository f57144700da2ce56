"""The quality report: counts of the database turned into agreement, reliability and what is doubtful.

A report is kept until a review is added, so that it is computed once per change however often it is looked at.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.core.cache import cache

from trajectories.core.curation.agreement import (
    Figure,
    Shared,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    percent_agreement,
)
from trajectories.core.curation.reliability import TIE, Decisions, Estimate, dawid_skene
from trajectories.selectors.quality import (
    CATEGORIES,
    STEP_RANGES,
    Activity,
    PairTable,
    QualityScope,
    ReasonUse,
    Totals,
    activities,
    decision_patterns,
    decisions_of,
    last_review,
    names_of,
    pair_tables,
    reason_patterns,
    reason_uses,
    step_patterns,
    totals,
)

KEPT_SECONDS = 3_600
PAIR_ROUNDS = 300
"""Resamples for each pair of reviewers, of whom there may be many."""
DOUBTFUL_SHOWN = 50
SMOOTHING = 1.0


@dataclass(frozen=True, slots=True)
class Coefficients:
    """All that is said of the agreement on some items. `cohen` is there where exactly two people decided."""

    percent: Figure
    fleiss: Figure
    alpha: Figure
    ac1: Figure
    cohen: Figure | None = None


@dataclass(frozen=True, slots=True)
class PairRow:
    """Two reviewers by name, and how far they agree on the traces that both decided on."""

    first: str
    second: str
    percent: Figure
    cohen: Figure
    ac1: Figure


@dataclass(frozen=True, slots=True)
class ReviewerRow:
    """One reviewer: what they did, how often others agreed (None: nobody else decided on their traces), and how
    reliable the estimate holds them (None: undefined, `why` says why)."""

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
    truth = _Truth(decisions_of(scope))
    doubtful = truth.doubtful()
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
        doubtful=doubtful[:DOUBTFUL_SHOWN],
        doubtful_count=len(doubtful),
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

    def __init__(self, rows: Sequence[tuple[int, int, int]]) -> None:
        columns = np.array(rows, dtype=np.int64).reshape(-1, 3)
        self.traces, item = np.unique(columns[:, 0], return_inverse=True)
        self.people, person = np.unique(columns[:, 1], return_inverse=True)
        self.decisions = Decisions(item, person, columns[:, 2], len(self.traces), len(self.people), len(CATEGORIES))
        self.estimate: Estimate = dawid_skene(self.decisions, smoothing=SMOOTHING)

    def reliability(self, reviewer: int) -> tuple[float | None, str]:
        """(how reliable a reviewer is, why that is undefined)."""
        place = int(np.searchsorted(self.people, reviewer))
        return self.estimate.reliability(place), self.estimate.why_undefined(place)

    def doubtful(self) -> list[Doubtful]:
        """The traces of at least two reviews on which estimate and majority part or either is tied, most even first."""
        decisions = self.decisions
        rejected = np.bincount(decisions.item, weights=decisions.category, minlength=decisions.items)
        accepted = np.bincount(decisions.item, minlength=decisions.items) - rejected
        chance = self.estimate.posterior[:, 0]
        majority = np.sign(accepted - rejected)
        estimate = np.where(np.abs(chance - 0.5) <= TIE, 0, np.sign(chance - 0.5))
        parted = np.flatnonzero((accepted + rejected > 1) & ((majority != estimate) | (majority == 0)))
        words = {1: CATEGORIES[0], -1: CATEGORIES[1], 0: ""}
        ordered = sorted(parted, key=lambda each: (abs(chance[each] - 0.5), self.traces[each]))
        return [
            Doubtful(
                int(self.traces[each]),
                int(accepted[each]),
                int(rejected[each]),
                float(chance[each]),
                words[int(majority[each])],
                words[int(estimate[each])],
            )
            for each in ordered
        ]


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
