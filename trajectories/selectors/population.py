"""The population of a problem: all its samples, grouped by identical output, in a fixed number of queries."""

from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import (
    Avg,
    BigIntegerField,
    Case,
    Count,
    ExpressionWrapper,
    F,
    Func,
    JSONField,
    Max,
    Min,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce

from trajectories.core.consolidation.metrics import pass_at_k
from trajectories.core.identity import content_hash
from trajectories.core.records import JSON, SCORED, Outcome
from trajectories.core.verifiers.opinions import SCORER
from trajectories.core.verifiers.unfinished import UNFINISHED
from trajectories.models import Instruction, Problem, Run, Trace, Verdict
from trajectories.models.traces import given_answer
from trajectories.selectors.blinding import Hidden, Sight, verdicts_seen

GROUPS_SHOWN = 12
NOTHING = content_hash(None)
"""The hash of no answer."""

BITS_OF_IDS = 43
"""Of the number by which the best sample of a group is found; enough for eight million million traces."""

MOST_PAIRS = 65_535
"""More than a trace can have training pairs."""

Outcomes = dict[str, list[tuple[str, int]]]
"""(outcome, samples) by verifier."""

NEAR_MISS_VERIFIERS = ("arc_answer", "arc_test")


@dataclass(frozen=True, slots=True)
class AnswerGroup:
    """All samples with one output.

    Counts are samples; `seconds` and `tokens` (of output) are means, `cost` is what the
    `priced` ones took together, whose price is known, None where none is. `outcomes` holds (outcome, samples) pairs by
    verifier.
    """

    answer_hash: str
    answer: JSON
    votes: int
    share: float
    rank: int
    passed: int
    failed: int
    accepted: int
    programs: int
    seconds: float
    tokens: float
    cost: Decimal | None
    priced: int
    train_full: int
    train_least: int | None
    train_most: int | None
    train_total: int | None
    best_trace_id: int
    outcomes: Mapping[str, Sequence[tuple[str, int]]] = field(default_factory=dict)
    near_miss: str = ""

    @property
    def time_each(self) -> str:
        """The mean time in the unit that suits it."""
        return f"{self.seconds:.1f} s" if self.seconds >= 1 else f"{1000 * self.seconds:.0f} ms"

    @property
    def cost_each(self) -> Decimal | None:
        """What a sample of a known price cost on average; None where there is none."""
        return None if self.cost is None else self.cost / self.priced

    @property
    def is_correct(self) -> bool:
        """Whether a sample of the group was verified right."""
        return self.passed > 0

    @property
    def is_nothing(self) -> bool:
        """Whether its samples give no answer at all."""
        return self.answer_hash == NOTHING

    @property
    def train_pattern(self) -> str:
        """Training pairs that the programs reproduce: '3/3 pairs', and where they differ '3/3 pairs in 5 of 7'."""
        most, total = self.train_most, self.train_total
        if total is None or most is None:
            return ""
        if most == self.train_least:
            return f"{most}/{total} pairs"
        return (
            f"{total}/{total} pairs in {self.train_full} of {self.votes}"
            if self.train_full
            else f"up to {most}/{total} pairs"
        )


UNFINISHED_WORDS = {
    "length": "Cut off",
    "refusal": "Refused",
    "filter": "Filtered",
    "empty": "Empty",
    "step": "Step of a text",
}


@dataclass(frozen=True, slots=True)
class Population:
    """The samples of a problem, grouped by answer, as its page shows them. `scored` counts samples verified right or
    wrong; errors and unscored ones are not wrong. `unfinished` counts, by reason, samples that ended without an answer:
    cut off, refused, filtered or empty.

    A sample that was shown the answer says nothing of what is known without: `hinted` ones are counted by themselves.
    Samples that give nothing at all (`silent`) are a group that stands last, is no output and wins no vote.
    """

    samples: int
    scored: int
    correct: int
    accepted: int
    unverified: int
    errors: int
    unfinished: Sequence[tuple[str, int]]
    outputs: int
    programs: int
    hinted: int
    silent: int
    hidden_groups: int
    groups: Sequence[AnswerGroup]
    by_view: Sequence[Mapping[str, Any]]

    @property
    def pass_at(self) -> list[tuple[int, float | None]]:
        """(k, pass@k) for k = 1, 2, 4 ... up to the first k that is undefined."""
        ks = [1]
        while ks[-1] <= self.scored:
            ks.append(ks[-1] * 2)
        return [(k, pass_at_k(self.scored, self.correct, k)) for k in ks]

    @property
    def majority_is_right(self) -> bool | None:
        """Whether the output with most votes was verified right; None while it is not known."""
        first = self.groups[0] if self.outputs else None
        return first.is_correct if first and first.passed + first.failed else None

    @property
    def near_misses(self) -> list[AnswerGroup]:
        """The groups shown that a small change would make right."""
        return [group for group in self.groups if group.near_miss and not group.is_correct]


def get_population(problem: Problem, sight: Sight, *, every_group: bool = False, run: Run | None = None) -> Population:
    """The board of one problem: the largest groups, and those verified right however small, or all of them; of all its
    samples, or of those of one run.

    Decisions of people and verdicts of model judges count as far as they may be seen.
    """
    # What people edited is no sample: it would raise every figure of the sampler that it began with.
    every = Trace.objects.filter(problem=problem, edited_by=None, **({} if run is None else {"run": run}))
    traces = every.filter(hinted=False)
    rows = _group_rows(traces, sight)
    veiled = _veil_rows(rows, traces, sight)
    ranked = [(rank, row) for rank, row in enumerate(rows, 1) if every_group or rank <= GROUPS_SHOWN or row["passed"]]
    totals = {
        key: sum(row[key] for row in rows) for key in ("votes", "passed", "failed", "accepted", "unverified", "errors")
    }
    silent = sum(row["votes"] for row in rows if row["answer_hash"] == NOTHING)
    programs = _program_counts(traces)
    return Population(
        samples=totals["votes"],
        scored=totals["passed"] + totals["failed"],
        correct=totals["passed"],
        accepted=totals["accepted"],
        unverified=totals["unverified"],
        errors=totals["errors"],
        unfinished=[
            (outcomes, count)
            for reason, outcomes in UNFINISHED_WORDS.items()
            if (count := sum(row[f"ended_{reason}"] for row in rows))
        ],
        outputs=len(rows) - bool(silent),
        silent=silent,
        hidden_groups=len(rows) - len(ranked),
        programs=programs.get(None, 0),
        hinted=every.filter(hinted=True).count(),
        groups=_build_groups(every, sight, ranked, programs, totals["votes"], veiled),
        by_view=_view_rows(traces.exclude(sight.veiled(Hidden.VERDICTS) | sight.veiled(Hidden.SAMPLER))),
    )


def _build_groups(
    every: QuerySet[Trace],
    sight: Sight,
    ranked: Sequence[tuple[int, Mapping[str, Any]]],
    programs: Mapping[str | None, int],
    samples: int,
    veiled: Set[str],
) -> Sequence[AnswerGroup]:
    """Complete (rank, counts) pairs with what the samples of each group are and what verifiers said; not what they said
    of outputs that are `veiled`.
    """
    hashes = [row["answer_hash"] for _, row in ranked]
    outcomes = _verifier_outcomes(every, sight, [key for key in hashes if key not in veiled])
    best = {row["answer_hash"]: row["best"] % 2**BITS_OF_IDS for _, row in ranked}
    given = given_answers(list(best.values()))
    near = _near_misses([trace_id for key, trace_id in best.items() if key not in veiled])
    groups = []
    for rank, row in ranked:
        trace_id = best[row["answer_hash"]]
        left_out = ("best", "unverified", "errors", *(f"ended_{reason}" for reason in UNFINISHED))
        counts = {key: value for key, value in row.items() if key not in left_out}
        groups.append(
            AnswerGroup(
                **counts,
                answer=given.get(trace_id),
                programs=programs.get(row["answer_hash"], 0),
                share=row["votes"] / samples,
                rank=rank,
                best_trace_id=trace_id,
                outcomes=outcomes.get(row["answer_hash"], {}),
                near_miss=near.get(trace_id, ""),
            )
        )
    return groups


def _veil_rows(rows: Sequence[dict[str, Any]], traces: QuerySet[Trace], sight: Sight) -> Set[str]:
    """Take what verifiers found off the counts of outputs that a trace gives whose verdicts are hidden; their hashes.

    What another sample with the same output came to would tell as much.
    """
    if not sight.is_blind:
        return frozenset()
    hidden = traces.filter(sight.veiled(Hidden.VERDICTS)).order_by().values_list("answer_hash", flat=True)
    veiled = frozenset(hidden.distinct())
    for row in rows:
        if row["answer_hash"] in veiled:
            row |= {"passed": 0, "failed": 0, "errors": 0, "unverified": row["votes"]}
            row |= {"train_full": 0, "train_least": None, "train_most": None, "train_total": None}
            row |= {f"ended_{reason}": 0 for reason in UNFINISHED}
    return veiled


def _outcome_count(outcome: str) -> Count:
    return Count("pk", filter=Q(correctness=outcome))


def _unfinished_count(reason: str) -> Count:
    return Count("pk", filter=Q(correctness=Outcome.UNSCORED, finish_reason=reason))


def _group_rows(traces: QuerySet[Trace], sight: Sight) -> Sequence[dict[str, Any]]:
    """Counts by output, most votes first; the samples without any stand last."""
    rows = (
        traces.values("answer_hash")
        .annotate(
            votes=Count("pk"),
            passed=_outcome_count(Outcome.PASS),
            failed=_outcome_count(Outcome.FAIL),
            unverified=_outcome_count(""),
            errors=_outcome_count(Outcome.ERROR),
            **{f"ended_{reason}": _unfinished_count(reason) for reason in UNFINISHED},
            accepted=Count("pk", filter=sight.having("decision", Trace.Decision.ACCEPTED)),
            best=Min(_preference(sight)),
            seconds=Avg("latency_seconds"),
            tokens=Avg("output_tokens"),
            priced=Count("cost"),
            cost=Sum("cost"),
            train_full=Count("pk", filter=Q(train_passed=F("train_total"), train_total__gt=0)),
            train_least=Min("train_passed"),
            train_most=Max("train_passed"),
            train_total=Max("train_total"),
        )
        .order_by("-votes", "answer_hash")
    )
    return sorted(map(dict, rows), key=lambda row: bool(row["answer_hash"] == NOTHING))


def _preference(sight: Sight) -> Combinable:
    """A number that is least for the sample to look at first: accepted, else right, else best on training pairs, else
    oldest. Its last BITS_OF_IDS bits are the sample's id, so that one pass over a group finds it without sorting."""
    rank = Case(
        When(sight.having("decision", Trace.Decision.ACCEPTED), then=Value(0)),
        When(sight.veiled(Hidden.VERDICTS), then=Value(2)),
        When(correctness=Outcome.PASS, then=Value(1)),
        default=Value(2),
        output_field=BigIntegerField(),
    )
    passed = Case(When(sight.veiled(Hidden.VERDICTS), then=None), default=F("train_passed"))
    unfit = Cast(Value(MOST_PAIRS) - Coalesce(passed, -1), BigIntegerField())
    known = rank * Value(2**60, BigIntegerField()) + unfit * Value(2**BITS_OF_IDS, BigIntegerField())
    return ExpressionWrapper(known + F("pk"), output_field=BigIntegerField())


def given_answers(trace_ids: Collection[int]) -> dict[int, JSON]:
    """The answers that traces give, by the traces' ids; None where a trace gives none."""
    rows = Trace.objects.filter(pk__in=trace_ids).values_list("pk", "answer", "outputs")
    return {pk: given_answer(answer, outputs) for pk, answer, outputs in rows}


PROGRAMS = """
WITH pairs AS ({pairs})
SELECT answer_hash, count(*) FROM pairs GROUP BY answer_hash
UNION ALL SELECT NULL, count(*) FROM (SELECT FROM pairs GROUP BY program_id) AS program
"""


def _program_counts(traces: QuerySet[Trace]) -> dict[str | None, int]:
    """Distinct programs by output, and under None of all. Hashed in the database: COUNT(DISTINCT ...) would sort."""
    pairs = traces.filter(program__isnull=False).order_by().values("answer_hash", "program_id").distinct()
    return dict(_rows_of(PROGRAMS, pairs=pairs))


def _rows_of(sql: str, **parts: QuerySet[Any, Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement around one query; none where the query can have none."""
    ((name, query),) = parts.items()
    try:
        inner, parameters = query.query.sql_with_params()
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql.format(**{name: inner}), parameters)
        return list(cursor.fetchall())


OUTCOMES = """
WITH verdicts AS ({verdicts})
SELECT answer, verifier, outcome, count(*) FROM verdicts GROUP BY answer, verifier, outcome
"""


def _verifier_outcomes(every: QuerySet[Trace], sight: Sight, hashes: Sequence[str]) -> dict[str, Outcomes]:
    """By group and verifier: (outcome, samples), commonest first."""
    samples = every.filter(hinted=False, answer_hash__in=hashes)
    counted = verdicts_seen(sight) & ~Q(verifier__startswith=f"{SCORER}:")
    verdicts = Verdict.objects.filter(counted, trace__in=samples).annotate(answer=F("trace__answer_hash"))
    # Several versions of a verifier may have said the same of a sample.
    once = verdicts.order_by().values("trace_id", "answer", "verifier", "outcome").distinct()
    outcomes: dict[str, Outcomes] = {}
    for key, verifier, outcome, samples in sorted(_rows_of(OUTCOMES, verdicts=once), key=lambda row: (row[1], -row[3])):
        outcomes.setdefault(key, {}).setdefault(verifier, []).append((outcome, samples))
    return outcomes


def _near_misses(trace_ids: Sequence[int]) -> dict[int, str]:
    """What small change would make the output right, by trace; the evidence itself is not read."""
    texts = Func(
        F("evidence"), Value("$.pairs[*].near_miss.text"), function="jsonb_path_query_array", output_field=JSONField()
    )
    rows = (
        Verdict.objects.filter(trace__in=trace_ids, verifier__in=NEAR_MISS_VERIFIERS, outcome=Outcome.FAIL)
        .annotate(texts=texts)
        .order_by("-verifier", "pk")
        .values_list("trace_id", "texts")
    )
    return {trace_id: "; ".join(dict.fromkeys(found)) for trace_id, found in rows if found}


def _view_rows(traces: QuerySet[Trace]) -> Sequence[Mapping[str, Any]]:
    """Samples verified, and right ones, by view, or by instruction where it shows no grids; those with any."""
    scored = Count("pk", filter=Q(correctness__in=SCORED))
    kept = traces.exclude(instruction=None).order_by().values_list("instruction")
    rows: Any = kept.annotate(scored=scored, right=_outcome_count(Outcome.PASS))
    counts = {key: (most, right) for key, most, right in rows if most}
    named = Instruction.objects.filter(pk__in=counts).values_list("pk", "view", "title")
    views: dict[str, list[int]] = {}
    for key, view, title in named:
        total = views.setdefault(view or title, [0, 0])
        total[0] += counts[key][0]
        total[1] += counts[key][1]
    return [{"view": view, "scored": most, "passed": right} for view, (most, right) in sorted(views.items())]
