"""Reading runs: the list, and how far one has come."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from trajectories.core.records import SCORED, Outcome
from trajectories.core.strategies import STRATEGIES
from trajectories.core.strategies.base import AttemptKind
from trajectories.core.verifiers.unfinished import UNFINISHED
from trajectories.models import Attempt, Instruction, Problem, Run, Sampler, Trace
from trajectories.models import RunProblem as RunPlace
from trajectories.selectors.blinding import Hidden, Sight, veil
from trajectories.selectors.listing import Column, ListShape, Sort
from trajectories.selectors.paging import Page, page_by_id

PROBLEMS_PER_PAGE = 25
LATEST_TRACES = 12
RATE_WINDOW = timedelta(seconds=120)
RATE_TRACES = 500
HISTORY_TRACES = 2_000

STATE_FILTERS = {
    "active": ("Active", Q(state__in=(Run.State.QUEUED, Run.State.RUNNING, Run.State.PAUSED))),
    "finished": ("Finished", Q(state=Run.State.FINISHED)),
    "stopped": ("Cancelled or failed", Q(state__in=(Run.State.CANCELLED, Run.State.FAILED))),
}
"""(title, condition) by the word in the address."""


NOTHING_NEW = "exhausted"
"""The kind of error of an attempt for which nothing was left to draw: a search that has shown all it found."""


def with_endings(runs: QuerySet[Run]) -> QuerySet[Run]:
    """Runs with `nothing_new_count`, the attempts for which nothing was left to draw, and `broken_count`, those that
    failed."""
    nothing_new = Attempt.objects.filter(run=OuterRef("pk"), state=Attempt.State.FAILED, error_kind=NOTHING_NEW)
    counted = nothing_new.order_by().values("run").annotate(count=Count("pk")).values("count")
    annotated = runs.annotate(nothing_new_count=Coalesce(Subquery(counted), 0))
    return annotated.annotate(broken_count=F("failed_count") - F("nothing_new_count"))


RUNS = ListShape(
    noun="run",
    turns=("before", "after"),
    sorts={
        "": Sort("Newest first"),
        "oldest": Sort("Oldest first", newest_first=False),
        "samples": Sort("Most samples first", F("done_count")),
        "costliest": Sort("Most costly first", F("cost")),
    },
    columns={
        "state": Column("State", is_wide=False),
        "samples": Column("Samples", ("samples",), is_wide=False),
        "correct": Column("Correct", is_wide=False),
        "cost": Column("Cost", ("costliest",), is_number=True),
        "sampler": Column("Sampler"),
        "started": Column("Started", ("", "oldest")),
        "by": Column("By"),
    },
)


def runs_in(state: str) -> QuerySet[Run]:
    """The runs in a state, by its name in the address, in no order. An unknown name matches none."""
    if not state:
        return Run.objects.all()
    return Run.objects.filter(STATE_FILTERS[state][1]) if state in STATE_FILTERS else Run.objects.none()


def list_runs(
    *, state: str = "", sort: str = "", before: int | None = None, after: int | None = None, size: int | None = None
) -> Page[Run, int]:
    """The first runs in an order, those further down than run `before`, or those just above run `after`."""
    runs = with_endings(runs_in(state).select_related("sampler", "created_by").defer("plan"))
    runs = runs.annotate(ended_count=F("done_count") + F("failed_count") + F("cancelled_count"))
    return RUNS.page(runs, RUNS.sort(sort), down=before, up=after, size=size)


@dataclass(frozen=True, slots=True)
class Failures:
    """Failed attempts of one kind, with one of their messages."""

    kind: str
    count: int
    message: str


@dataclass(frozen=True, slots=True)
class Round:
    """Attempts of one round and kind. `best_error` is the least train error in [0, 1], None where no program ran."""

    round: int
    kind: str
    attempts: int
    drawn: int
    scored: int
    right: int
    best_error: float | None


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run has come. `rate` is in samples per minute, now or, once it has ended, on average; `seconds_left` is
    None where nobody can tell.

    `most` is what may be planned at the most: more than is planned for a strategy that adapts, whose `rounds` are here
    too. `left` and `seconds_left` are then the most there may be.
    """

    ended: int
    left: int
    most: int
    rounds: Sequence[Round]
    elapsed_seconds: int | None
    rate: float | None
    seconds_left: int | None
    outcomes: Sequence[tuple[str, int]]
    failures: Sequence[Failures]
    latest: Sequence[Trace]

    @property
    def nothing_new(self) -> int:
        """Attempts for which nothing was left to draw."""
        return sum(found.count for found in self.failures if found.kind == NOTHING_NEW)

    @property
    def broken(self) -> int:
        """Attempts that failed."""
        return sum(found.count for found in self.failures if found.kind != NOTHING_NEW)

    @property
    def scored(self) -> int:
        """Samples that are right or wrong: what a rate is a share of."""
        return sum(count for word, count in self.outcomes if word in SCORED)

    @property
    def traces(self) -> int:
        """Samples drawn."""
        return sum(count for _, count in self.outcomes)

    @property
    def has_hints(self) -> bool:
        """Whether samples that were shown the answer are among them."""
        return any(found.kind == AttemptKind.HINTED for found in self.rounds)


def get_progress(run: Run, sight: Sight) -> RunProgress:
    """Read the progress of a run in four queries, seven for a strategy that adapts, whatever its size."""
    ended = run.done_count + run.failed_count + run.cancelled_count
    most = most_attempts(run)
    left = most - ended
    elapsed = _elapsed(run)
    if run.finished_at is not None:
        rate = 60 * run.done_count / elapsed if elapsed else None
    else:
        rate = _samples_per_minute(run) if run.state == Run.State.RUNNING else None
    return RunProgress(
        ended=ended,
        left=left,
        most=most,
        rounds=_rounds(run) if adapts(run) else (),
        elapsed_seconds=elapsed,
        rate=rate,
        seconds_left=round(60 * left / rate) if rate and left else None,
        outcomes=_outcomes(run),
        failures=list_failures(run),
        latest=_latest(run, sight),
    )


def _latest(run: Run, sight: Sight) -> list[Trace]:
    """The newest traces of a run, but those whose run a queue hides; verdicts that it hides are taken off."""
    traces = list(
        Trace.objects.filter(run=run)
        .exclude(sight.veiled(Hidden.SAMPLER))
        .select_related("problem", "instruction", "attempt")
        .defer("steps", "parts", "facts", "problem__spec", "problem__reference", "problem__statement")
        .order_by("-pk")[:LATEST_TRACES]
    )
    veil(traces, sight)
    return traces


def adapts(run: Run) -> bool:
    """Whether the run's strategy goes by what became of its earlier samples."""
    return run.strategy in STRATEGIES and STRATEGIES[run.strategy].adapts


@dataclass(frozen=True, slots=True)
class Remembered:
    """What memory showed the samples of a run: `wanted` were sampled with one, `shown` of them were shown something,
    `fewer` of these fewer traces than the plan asks for, and for `nothing` it had none."""

    wanted: int
    shown: int
    fewer: int
    nothing: int


def get_remembered(run: Run, count: int) -> Remembered:
    """What memory showed the samples of a run whose plan asks for so many traces."""
    with connection.cursor() as cursor:
        cursor.execute(_REMEMBERED, {"run": run.pk, "count": count})
        return Remembered(*cursor.fetchone())


_REMEMBERED = """SELECT count(*), count(*) FILTER (WHERE shown > 0),
    count(*) FILTER (WHERE shown > 0 AND shown < %(count)s), count(*) FILTER (WHERE shown = 0)
    FROM (SELECT jsonb_array_length(facts -> 'memory') AS shown FROM trajectories_trace
          WHERE run_id = %(run)s AND facts ? 'memory') sampled"""


def most_attempts(run: Run) -> int:
    """What a run may come to: for a problem that its strategy is not done with, what the strategy may take at most."""
    if run.state in Run.ENDED_STATES or not adapts(run):
        return run.planned_count
    strategy, plan = STRATEGIES[run.strategy], run.kept_plan
    places = RunPlace.objects.filter(run=run, closed=False)
    kinds = places.order_by().values_list("problem__kind").annotate(Count("pk"))
    there: int = sum(count * strategy.most(plan.count_slots(kind), plan.settings) for kind, count in kinds)
    planned_there = Attempt.objects.filter(run=run, problem__in=places.values("problem")).count()
    return run.planned_count - planned_there + there


def _rounds(run: Run) -> list[Round]:
    grouped = Attempt.objects.filter(run=run).values("round", "kind")
    rows = grouped.annotate(
        attempts=Count("pk"),
        drawn=Count("trace"),
        scored=Count("pk", filter=Q(trace__correctness__in=SCORED)),
        right=Count("pk", filter=Q(trace__correctness=Outcome.PASS.value)),
        best_error=Min("trace__train_error"),
    )
    return [Round(**row) for row in rows.order_by("round", "kind")]


def _elapsed(run: Run) -> int | None:
    """Wall seconds from the first claim to the end, or till now."""
    return (
        None
        if run.started_at is None
        else round(((run.finished_at or timezone.now()) - run.started_at).total_seconds())
    )


def _samples_per_minute(run: Run) -> float | None:
    """The pace of the last two minutes, so that an estimate follows what happens now."""
    now = timezone.now()
    times: list[datetime] = list(
        Trace.objects.filter(run=run, created_at__gt=now - RATE_WINDOW)
        .order_by("-pk")
        .values_list("created_at", flat=True)[:RATE_TRACES]
    )
    if len(times) < 2:
        return None
    return 60 * len(times) / max(1.0, (now - min(times)).total_seconds())


def _outcomes(run: Run) -> list[tuple[str, int]]:
    """(outcome, traces) in the order right, wrong, unscored, not finished by reason, error, awaiting verdicts; only
    those there are."""
    rows = Trace.objects.filter(run=run).values_list("correctness", "finish_reason").annotate(Count("pk")).order_by()
    counts: Counter[str] = Counter()
    for correctness, reason, count in rows:
        is_open = correctness == Outcome.UNSCORED and reason in UNFINISHED
        counts[reason if is_open else correctness] += count
    order = (Outcome.PASS, Outcome.FAIL, Outcome.UNSCORED, *UNFINISHED, Outcome.ERROR, "")
    return [(str(word), counts[word]) for word in order if counts[word]]


def list_failures(run: Run) -> list[Failures]:
    """The failed attempts by kind of error, most frequent first."""
    kinds = Attempt.objects.filter(run=run, state=Attempt.State.FAILED).values("error_kind")
    rows = kinds.annotate(count=Count("pk"), message=Min("error_message")).order_by("-count", "error_kind")
    return [Failures(row["error_kind"], row["count"], row["message"]) for row in rows]


def list_instructions(run: Run) -> QuerySet[Instruction]:
    """The instructions of a run's plan."""
    return Instruction.objects.filter(pk__in=run.kept_plan.instruction_ids).order_by("pk")


@dataclass(frozen=True, slots=True)
class RunProblem:
    """One problem of a run, its `first_pair` read from the spec, with counts of attempts and of samples."""

    problem: Problem
    planned: int
    drawn: int
    nothing_new: int
    failed: int
    verified: int
    scored: int
    correct: int
    best_trace_id: int | None


def list_run_problems(
    run: Run, sight: Sight, *, after: int | None = None, size: int = PROBLEMS_PER_PAGE
) -> Page[RunProblem, int]:
    """The problems of a run that follow problem `after`, with what this run has drawn for each.

    What queues hide is not counted, and no link leads to it.
    """
    planned_here = Attempt.objects.filter(run=run, problem=OuterRef("pk"))
    problems = Problem.objects.filter(Exists(planned_here)).select_related("problem_set")
    problems = problems.defer("spec", "reference", "statement").annotate(first_pair=F("spec__train__0"))
    page = page_by_id(problems, after=after, size=size, newest_first=False)
    ids = [problem.pk for problem in page.rows]
    ended = Q(state=Attempt.State.FAILED)
    failed = Count("pk", filter=ended & ~Q(error_kind=NOTHING_NEW))
    nothing_new = Count("pk", filter=ended & Q(error_kind=NOTHING_NEW))
    attempts = Attempt.objects.filter(run=run, problem__in=ids).values("problem")
    planned: dict[int, Mapping[str, Any]] = {
        row["problem"]: row
        for row in attempts.annotate(planned=Count("pk"), failed=failed, nothing_new=nothing_new).order_by()
    }
    # A link to a trace tells that it is of this run, and to the best one that it is right; so do counts of one sample.
    verified, told = ~sight.veiled(Hidden.VERDICTS), ~sight.veiled(Hidden.SAMPLER)
    right = Q(correctness=Outcome.PASS.value) & verified
    traces = Trace.objects.filter(run=run, problem__in=ids).values("problem")
    summed = traces.annotate(
        drawn=Count("pk"),
        verified=Count("pk", filter=~Q(correctness="") & verified),
        scored=Count("pk", filter=Q(correctness__in=SCORED) & verified),
        correct=Count("pk", filter=right),
        best=Min("pk", filter=right & told),
        last=Max("pk", filter=told),
    )
    drawn: dict[int, Mapping[str, Any]] = {row["problem"]: row for row in summed.order_by()}
    nothing: Mapping[str, Any] = {"drawn": 0, "verified": 0, "scored": 0, "correct": 0, "best": None, "last": None}
    rows = [_run_problem(each, planned[each.pk], drawn.get(each.pk, nothing)) for each in page.rows]
    return page.of(rows)


def _run_problem(problem: Problem, planned: Mapping[str, Any], drawn: Mapping[str, Any]) -> RunProblem:
    return RunProblem(
        problem=problem,
        planned=planned["planned"],
        drawn=drawn["drawn"],
        nothing_new=planned["nothing_new"],
        failed=planned["failed"],
        verified=drawn["verified"],
        scored=drawn["scored"],
        correct=drawn["correct"],
        best_trace_id=drawn["best"] or drawn["last"],
    )


@dataclass(frozen=True, slots=True)
class History:
    """What the newest samples of a sampler cost: processor seconds of `problems` searches."""

    problems: int
    seconds: float

    def seconds_for(self, problems: int) -> float | None:
        """What as many problems are likely to cost; None without any history."""
        return self.seconds / self.problems * problems if self.problems else None


def get_history(sampler: Sampler) -> History:
    """Figures for an estimate. A search is paid once per run and problem, however many samples are drawn from it."""
    newest = Trace.objects.filter(sampler=sampler).order_by("-pk").values("pk")[:HISTORY_TRACES]
    traces = Trace.objects.filter(pk__in=newest).values("run", "problem").annotate(seconds=Sum("latency_seconds"))
    seconds = [row["seconds"] for row in traces.order_by()]
    return History(len(seconds), sum(seconds))
