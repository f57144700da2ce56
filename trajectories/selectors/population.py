"""The population of a problem: all its samples, grouped by identical output, in a fixed number of queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Avg, Case, Count, F, Func, JSONField, Max, Min, Q, QuerySet, TextField, Value, When
from django.db.models.functions import Coalesce, NullIf

from trajectories.core.consolidation.metrics import pass_at_k
from trajectories.core.identity import content_hash
from trajectories.core.records import JSON, Outcome
from trajectories.core.verifiers.unfinished import UNFINISHED
from trajectories.models import Problem, Trace, Verdict
from trajectories.models.traces import given_answer
from trajectories.selectors.blinding import Sight, verdicts_seen
from trajectories.selectors.paging import Page, page_by_id

GROUPS_SHOWN = 12
SAMPLES_SHOWN = 25
NOTHING = content_hash(None)
"""The hash of no answer."""

NEAR_MISS_VERIFIERS = ("arc_answer", "arc_test")


@dataclass(frozen=True, slots=True)
class AnswerGroup:
    """All samples with one output.

    Counts are samples, `seconds` the mean time that one took; `words` holds (outcome, samples) pairs by verifier.
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


UNFINISHED_WORDS = {"length": "Cut off", "refusal": "Refused", "filter": "Filtered", "empty": "Empty"}


@dataclass(frozen=True, slots=True)
class Population:
    """What the board shows. `scored` counts samples verified right or wrong; errors and unscored ones are not wrong.
    `unfinished` counts those that were cut off, refused, filtered or empty before they gave an answer, in words.

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


def get_population(problem: Problem, sight: Sight, *, every_group: bool = False) -> Population:
    """The board of one problem: the largest groups, and those verified right however small, or all of them.

    Decisions of people and verdicts of model judges count as far as they may be seen.
    """
    # What people edited is no sample: it would raise every figure of the sampler that it began with.
    every = Trace.objects.filter(problem=problem, edited_by=None)
    traces = every.filter(hinted=False)
    rows = _group_rows(traces, sight)
    ranked = [(rank, row) for rank, row in enumerate(rows, 1) if every_group or rank <= GROUPS_SHOWN or row["passed"]]
    totals = {
        key: sum(row[key] for row in rows) for key in ("votes", "passed", "failed", "accepted", "unverified", "errors")
    }
    silent = sum(row["votes"] for row in rows if row["answer_hash"] == NOTHING)
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
        **every.aggregate(
            programs=Count("program_id", distinct=True, filter=Q(hinted=False)),
            hinted=Count("pk", filter=Q(hinted=True)),
        ),
        groups=_build_groups(traces, sight, ranked, totals["votes"]),
        by_view=_view_rows(traces),
    )


def _build_groups(
    traces: QuerySet[Trace], sight: Sight, ranked: Sequence[tuple[int, Mapping[str, Any]]], samples: int
) -> Sequence[AnswerGroup]:
    """Complete (rank, counts) pairs with what the samples of each group are and what verifiers said."""
    hashes = [row["answer_hash"] for _, row in ranked]
    best = _best_traces(traces, sight, hashes)
    outcomes = _verifier_outcomes(traces, sight, hashes)
    near = _near_misses([trace_id for trace_id, _ in best.values()])
    groups = []
    for rank, row in ranked:
        trace_id, answer = best[row["answer_hash"]]
        left_out = ("unverified", "errors", *(f"ended_{reason}" for reason in UNFINISHED))
        counts = {key: value for key, value in row.items() if key not in left_out}
        groups.append(
            AnswerGroup(
                **counts,
                answer=answer,
                share=row["votes"] / samples,
                rank=rank,
                best_trace_id=trace_id,
                outcomes=outcomes.get(row["answer_hash"], {}),
                near_miss=near.get(trace_id, ""),
            )
        )
    return groups


def _outcome_count(outcome: str) -> Count:
    return Count("pk", filter=Q(correctness=outcome))


def _unfinished_count(reason: str) -> Count:
    return Count("pk", filter=Q(correctness=Outcome.UNSCORED, finish_reason=reason))


def _group_rows(traces: QuerySet[Trace], sight: Sight) -> Sequence[Mapping[str, Any]]:
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
            programs=Count("program_id", distinct=True),
            seconds=Avg("latency_seconds"),
            train_full=Count("pk", filter=Q(train_passed=F("train_total"), train_total__gt=0)),
            train_least=Min("train_passed"),
            train_most=Max("train_passed"),
            train_total=Max("train_total"),
        )
        .order_by("-votes", "answer_hash")
    )
    return sorted(rows, key=lambda row: row["answer_hash"] == NOTHING)


def _best_traces(traces: QuerySet[Trace], sight: Sight, hashes: Sequence[str]) -> dict[str, tuple[int, JSON]]:
    """(id, answer) of the sample to look at first in each group: accepted, else right, else best on training pairs."""
    rank = Case(
        When(sight.having("decision", Trace.Decision.ACCEPTED), then=Value(0)),
        When(correctness=Outcome.PASS, then=Value(1)),
        default=Value(2),
    )
    preferred = (rank, F("train_passed").desc(nulls_last=True), F("pk").asc())
    rows = traces.filter(answer_hash__in=hashes).order_by("answer_hash", *preferred).distinct("answer_hash")
    columns = rows.values_list("answer_hash", "pk", "answer", "outputs")
    return {key: (pk, given_answer(answer, outputs)) for key, pk, answer, outputs in columns}


def _verifier_outcomes(
    traces: QuerySet[Trace], sight: Sight, hashes: Sequence[str]
) -> dict[str, dict[str, list[tuple[str, int]]]]:
    """By group and verifier: (outcome, samples), commonest first."""
    rows = (
        Verdict.objects.filter(verdicts_seen(sight), trace__in=traces.filter(answer_hash__in=hashes))
        .values_list("trace__answer_hash", "verifier", "outcome")
        .annotate(samples=Count("trace", distinct=True))
        .order_by("trace__answer_hash", "verifier", "-samples")
    )
    outcomes: dict[str, dict[str, list[tuple[str, int]]]] = {}
    for key, verifier, outcome, samples in rows:
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
    rows = (
        traces.exclude(instruction=None)
        .values(
            view=Coalesce(NullIf(F("instruction__view"), Value("")), F("instruction__title"), output_field=TextField())
        )
        .annotate(
            scored=Count("pk", filter=Q(correctness__in=(Outcome.PASS, Outcome.FAIL))),
            passed=_outcome_count(Outcome.PASS),
        )
        .filter(scored__gt=0)
        .order_by("view")
    )
    return list(rows)


def list_samples(
    problem: Problem, sight: Sight, *, answer: str = "", before: int | None = None, after: int | None = None
) -> Page[Trace, int]:
    """Samples of a problem, newest first: those older than `before`, newer than `after`, or the newest."""
    traces = (
        Trace.objects.filter(problem=problem, withdrawn=False, **({"answer_hash": answer} if answer else {}))
        .select_related("instruction", "run")
        .annotate(shown_decision=sight.showing("decision"))
        .defer("steps", "parts", "facts", "run__plan")
    )
    return page_by_id(traces, before=before, after=after, size=SAMPLES_SHOWN)
