"""Reading what was spent by the day, and how daily limits stand."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Count, Max, Q, QuerySet, Sum
from django.db.models.functions import Now

from trajectories.adapters.acting import FIRST, acting_in, acting_project
from trajectories.models import (
    JOB_KINDS,
    Attempt,
    GenerationJob,
    JudgeJob,
    Project,
    Run,
    Sampler,
    SegmentationJob,
    SpendAlert,
    SpendDay,
    SpendHold,
    SpendLimit,
    SpendWait,
)
from trajectories.models.job_kinds import PAUSED

NOTHING = Decimal(0)
STEP_JUDGE = "step_judge"
"""What is held for the model judge of a run's steps, beside what is held for its samples."""

LEASED_KINDS = {
    "judge_job": JudgeJob,
    "generation": GenerationJob,
    "segmentation": SegmentationJob,
    STEP_JUDGE: Run,
}
"""Kinds whose calls in flight are known to the worker that holds the job's lease."""

PROJECT = "project"
GROUPS = {"sampler": "Sampler", "person": "Person", "kind": "Kind of job", PROJECT: "Project"}
"""By what spending is told apart: that of the acting project, and by project that of all, archived ones included."""

SPANS = (7, 30, 90, 365)
"""Days that a page may go back."""

WEEK = 7
ALERTS_SHOWN = 20


def today_utc() -> date:
    """The day by the database's clock, in UTC: the day that is booked on."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT (statement_timestamp() AT TIME ZONE 'UTC')::date")
        day: date = cursor.fetchone()[0]
    return day


def is_anything_limited() -> bool:
    """Whether there is any limit in the acting project, or in the first one, which has that of all together."""
    if _has_limits():
        return True
    if acting_project() == FIRST:
        return False
    with acting_in(FIRST):
        return _has_limits()


def _has_limits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM trajectories_spendlimit)")
        return bool(cursor.fetchone()[0])


def limits_for(*, sampler_name: str, person_id: int | None, lock: bool = False) -> list[SpendLimit]:
    """The limits that hold for a person's calls to a sampler, in the one order in which they are locked: that of all
    projects is the last."""
    mine = Q(scope__in=(SpendLimit.Scope.ALL, SpendLimit.Scope.CEILING))
    mine |= Q(scope=SpendLimit.Scope.SAMPLER, sampler_name=sampler_name)
    if person_id is not None:
        mine |= Q(scope=SpendLimit.Scope.PERSON, person=person_id)
    rows = SpendLimit.objects.select_for_update(no_key=True) if lock else SpendLimit.objects.all()
    return [*rows.filter(mine).order_by("pk"), *_together(rows)]


def _together(rows: QuerySet[SpendLimit]) -> list[SpendLimit]:
    """The limit of all projects together, where there is one."""
    with acting_in(FIRST):
        return list(rows.filter(scope=SpendLimit.Scope.TOGETHER))


def _in_each_project() -> Iterator[int]:
    """Let each project act in turn, archived ones included: what they spent today is spent."""
    for project in Project.objects.order_by("pk").values_list("pk", flat=True):
        with acting_in(project):
            yield project


def spent_today(limit: SpendLimit) -> Decimal:
    """What counts against a limit so far today."""
    if limit.is_together:
        return sum((spent_today(SpendLimit(scope=SpendLimit.Scope.ALL)) for _ in _in_each_project()), NOTHING)
    days = SpendDay.objects.filter(day=today_utc())
    if limit.scope == SpendLimit.Scope.SAMPLER:
        days = days.filter(sampler__name=limit.sampler_name)
    elif limit.scope == SpendLimit.Scope.PERSON:
        days = days.filter(person=limit.person_id)
    total: Decimal = days.aggregate(total=Sum("cost", default=NOTHING))["total"]
    return total


def in_flight(limit: SpendLimit, *, beside: tuple[str, int] | None = None) -> Decimal:
    """The most that calls in flight may still cost of a limit; those of one job (kind, id) of the acting project may be
    left out."""
    if limit.is_together:
        here, everything = acting_project(), SpendLimit(scope=SpendLimit.Scope.ALL)
        flying = (in_flight(everything, beside=beside if each == here else None) for each in _in_each_project())
        return sum(flying, NOTHING)
    holds = SpendHold.objects.all()
    if limit.scope == SpendLimit.Scope.SAMPLER:
        holds = holds.filter(sampler_name=limit.sampler_name)
    elif limit.scope == SpendLimit.Scope.PERSON:
        holds = holds.filter(person=limit.person_id)
    kept = [hold for hold in holds if (hold.kind, hold.job_id) != beside]
    runs = {hold.job_id: hold.each for hold in kept if hold.kind == "run"}
    total = sum((runs[run] * count for run, count in _leased(runs)), NOTHING)
    for kind, model in LEASED_KINDS.items():
        costs = {hold.job_id: hold.cost for hold in kept if hold.kind == kind and hold.cost}
        held = model._default_manager.filter(pk__in=costs, lease_expires_at__gt=Now()) if costs else ()
        total += sum((costs[job.pk] for job in held), NOTHING)
    return total


def _leased(runs: Collection[int]) -> Sequence[tuple[int, int]]:
    """(run, how many of its attempts somebody holds)."""
    if not runs:
        return []
    held = Attempt.objects.filter(run__in=runs, state=Attempt.State.LEASED)
    return list(held.order_by().values_list("run").annotate(count=Count("pk")))


@dataclass(frozen=True, slots=True)
class LimitStanding:
    """A limit today: what is spent, the most that is in flight, in money, and how many jobs wait for it.

    A job waits as soon as its next call, at the most that it may cost, does not fit: mostly before all is spent.
    """

    limit: SpendLimit
    spent: Decimal
    flying: Decimal
    waiting: int = 0

    @property
    def left(self) -> Decimal:
        """What may still be begun; never below nothing."""
        return max(NOTHING, self.limit.amount - self.spent - self.flying)

    @property
    def level(self) -> str:
        """How bad it is, as SpendAlert.Level; "" where it is not."""
        if self.waiting or self.spent >= self.limit.amount:
            return SpendAlert.Level.REACHED.value
        return SpendAlert.Level.WARNING.value if self.spent >= self.limit.warns_at else ""


def list_standings(*, own: bool = False) -> list[LimitStanding]:
    """Every limit as it stands now: ceilings, all jobs, samplers, people. With `own` only those that the acting project
    keeps: that of all projects is kept by the first."""
    order = {scope: place for place, scope in enumerate(SpendLimit.Scope.values)}
    limits = sorted(SpendLimit.objects.select_related("person"), key=lambda each: (order[each.scope], each.subject))
    if not own and acting_project() != FIRST:
        limits = [*_together(SpendLimit.objects.all()), *limits]
    waits = [wait for wait, _ in _waits_in_force()] if limits else []
    standings = [LimitStanding(limit, spent_today(limit), in_flight(limit)) for limit in limits]
    kept = Counter(limit for wait in waits for limit in _kept_by(wait, standings))
    return [replace(each, waiting=kept[each.limit.scope, each.limit.pk]) for each in standings]


def _kept_by(wait: SpendWait, standings: Sequence[LimitStanding]) -> list[tuple[str, int]]:
    """(scope, id) of the limits that a job waits for: those that what is spent leaves no room in, or where there is
    none, those that what others have in flight fills for a while."""
    mine = [each for each in standings if _holds_for(each.limit, wait)]
    spent = [each for each in mine if each.spent + wait.cost > each.limit.amount]
    filled = [each for each in mine if each.spent + each.flying + wait.cost > each.limit.amount]
    return [(each.limit.scope, each.limit.pk) for each in spent or filled]


def _holds_for(limit: SpendLimit, wait: SpendWait) -> bool:
    """Whether a limit is one of those that a waiting job's calls count against."""
    if limit.scope == SpendLimit.Scope.SAMPLER:
        return limit.sampler_name == wait.sampler.name
    return limit.is_ceiling or limit.scope == SpendLimit.Scope.ALL or limit.person_id == wait.person_id


def waits_for_limit(kind: str, job: Any) -> bool:
    """Whether a paused job waits for a daily limit, so that it goes on by itself."""
    if job.state != PAUSED:
        return False
    return SpendWait.objects.filter(kind=kind, job_id=job.pk, reason=job.state_reason).exists()


def list_waiting() -> list[tuple[Any, str]]:
    """(job, reason) of those that a limit has paused and that still wait."""
    return [(job, wait.reason) for wait, job in _waits_in_force()]


def _waits_in_force() -> list[tuple[SpendWait, Any]]:
    """Those whose jobs still wait, with the jobs."""
    found = []
    for wait in SpendWait.objects.select_related("sampler").order_by("pk"):
        job: Any = JOB_KINDS[wait.kind].model._default_manager.filter(pk=wait.job_id, state=PAUSED).first()
        if job is not None and job.state_reason == wait.reason:
            found.append((wait, job))
    return found


@dataclass(frozen=True, slots=True)
class Spend:
    """What some calls took; `unpriced` of them have no known price and add no cost."""

    cost: Decimal = NOTHING
    calls: int = 0
    unpriced: int = 0
    tokens: int = 0

    def __add__(self, other: "Spend") -> "Spend":
        return Spend(
            self.cost + other.cost,
            self.calls + other.calls,
            self.unpriced + other.unpriced,
            self.tokens + other.tokens,
        )


@dataclass(frozen=True, slots=True)
class Spending:
    """What was spent by day and group, oldest day first; every day of the span is in `days`."""

    days: Sequence[date]
    groups: Mapping[str, str]
    """Titles of the groups by their key, dearest first."""
    cells: Mapping[tuple[date, str], Spend]

    def of_group(self, key: str) -> Spend:
        """All days of a group."""
        return sum((self.cells.get((day, key), Spend()) for day in self.days), Spend())

    @property
    def total(self) -> Spend:
        """Everything."""
        return sum(self.cells.values(), Spend())


COLUMN = {"sampler": "sampler__name", "person": "person", "kind": "kind"}


def get_spending(*, days: int, group: str) -> Spending:
    """The last `days` days, today included, told apart by one of GROUPS."""
    today = today_utc()
    span = [today - timedelta(days=days - 1 - place) for place in range(days)]
    cells = _of_projects(span) if group == PROJECT else _sums(span, COLUMN[group])
    titles = _titles(group, {key for _, key in cells})
    found = Spending(span, titles, cells)
    dearest = sorted(titles, key=lambda key: (-found.of_group(key).cost, -found.of_group(key).tokens, titles[key]))
    return Spending(span, {key: titles[key] for key in dearest}, cells)


def _sums(span: Sequence[date], column: str) -> dict[tuple[date, str], Spend]:
    """By day and what is in the column."""
    rows = SpendDay.objects.filter(day__gte=span[0], day__lte=span[-1]).order_by().values_list("day", column)
    sums = rows.annotate(
        cost=Sum("cost"),
        calls=Sum("calls"),
        unpriced=Sum("unpriced"),
        tokens=Sum("input_tokens") + Sum("output_tokens"),
    )
    return {(day, str(key or "")): Spend(*amounts) for day, key, *amounts in sums}


def _of_projects(span: Sequence[date]) -> dict[tuple[date, str], Spend]:
    """By day and project: each has a table of its own."""
    cells: dict[tuple[date, str], Spend] = {}
    for project in Project.objects.order_by("pk").values_list("pk", flat=True):
        with acting_in(project):
            for (day, _), each in _sums(span, "kind").items():
                cells[day, str(project)] = cells.get((day, str(project)), Spend()) + each
    return cells


def _titles(group: str, keys: Collection[str]) -> dict[str, str]:
    if group == PROJECT:
        projects = dict(Project.objects.filter(pk__in=keys).values_list("pk", "title"))
        return {key: projects[int(key)] for key in keys}
    if group == "kind":
        return {key: JOB_KINDS[key].title if key in JOB_KINDS else key for key in keys}
    if group == "person":
        names = dict(User.objects.filter(pk__in=[key for key in keys if key]).values_list("pk", "username"))
        return {key: names.get(int(key), key) if key else "nobody (commands)" for key in keys}
    newest = Sampler.objects.filter(name__in=keys).order_by().values("name").annotate(last=Max("pk")).values("last")
    titles = dict(Sampler.objects.filter(pk__in=newest).values_list("name", "title"))
    return {key: titles.get(key, key) for key in keys}


@dataclass(frozen=True, slots=True)
class Forecast:
    """Expected spending. `day` is what was spent today divided by the share of the day that has passed, None in its
    first hour. `month` is what the month has cost so far, plus the mean of the last seven whole days for each day that
    is left."""

    today: Decimal
    flying: Decimal
    day: Decimal | None
    month_so_far: Decimal
    week_mean: Decimal
    month: Decimal


def get_forecast() -> Forecast:
    """The forecast as of now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now: datetime = cursor.fetchone()[0].astimezone(UTC)
    today = now.date()
    totals = dict(
        SpendDay.objects.filter(day__gte=min(today.replace(day=1), today - timedelta(days=WEEK)), day__lte=today)
        .order_by()
        .values_list("day")
        .annotate(cost=Sum("cost"))
    )
    passed = Decimal(now.hour * 3600 + now.minute * 60 + now.second) / 86_400
    spent = totals.get(today, NOTHING)
    week = sum((totals.get(today - timedelta(days=back), NOTHING) for back in range(1, WEEK + 1)), NOTHING) / WEEK
    so_far = sum((cost for day, cost in totals.items() if day >= today.replace(day=1)), NOTHING)
    left = ((today.replace(day=28) + timedelta(days=4)).replace(day=1) - today).days - 1
    return Forecast(
        today=spent,
        flying=in_flight(SpendLimit(scope=SpendLimit.Scope.ALL)),
        day=spent / passed if passed * 24 >= 1 else None,
        month_so_far=so_far,
        week_mean=week,
        month=so_far + left * week,
    )


def list_alerts() -> Sequence[SpendAlert]:
    """The newest alerts."""
    return list(SpendAlert.objects.select_related("limit__person").order_by("-pk")[:ALERTS_SHOWN])
