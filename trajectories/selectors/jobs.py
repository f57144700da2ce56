"""Reading background jobs of all kinds as one list, newest first."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import CharField, Count, F, OuterRef, Q, QuerySet, Subquery, Value

from trajectories.core.problems import ImportFault
from trajectories.models import JOB_KINDS, Attempt, ProblemCandidate
from trajectories.models.job_kinds import ACTIVE, JobKind, Progress
from trajectories.selectors.paging import Page, cut_page
from trajectories.selectors.runs import NOTHING_NEW, with_endings

PAGE_SIZE = 50
TROUBLE_SHOWN = 5
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PAUSED, FINISHED, FAILED = ("paused",), ("finished", "ready"), ("failed", "refused")
STATE_FILTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "active": ("Under way", ACTIVE),
    "paused": ("Paused", PAUSED),
    "waiting": ("Waiting for its sampler", ("waiting",)),
    "finished": ("Finished", FINISHED),
    "failed": ("Failed", FAILED),
    "cancelled": ("Cancelled", ("cancelled",)),
}
"""(title, states) by the word in the address."""


@dataclass(frozen=True, slots=True)
class Spending:
    """What a job has taken of language models, and what it may take; a budget of None is no limit."""

    cost: Decimal
    budget_cost: Decimal | None
    tokens: int
    budget_tokens: int | None


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job of any kind. `started_at` is when it was asked for, where its kind does not say when work began.

    `example` is what one failed attempt said, or the first bad row of an import; empty where nothing failed.
    """

    kind: str
    reading: JobKind
    job: Any
    progress: Progress
    spending: Spending | None
    reason: str
    example: str

    @property
    def title(self) -> str:
        """What the job is about."""
        return self.reading.name(self.job)

    @property
    def address(self) -> str:
        """The page of the job."""
        return self.reading.address(self.job.pk)

    @property
    def started_at(self) -> datetime:
        """When it began."""
        started: datetime = getattr(self.job, "started_at", None) or self.job.created_at
        return started

    @property
    def why(self) -> str:
        """What stopped it, in its own words or those of the first thing that failed; empty where neither says."""
        return self.reason or self.example

    @property
    def ended_short(self) -> bool:
        """Whether it is finished with less than there was to look at: no bar says how far that is."""
        return self.job.state in FINISHED and self.progress.done < self.progress.total

    @property
    def is_active(self) -> bool:
        """Whether it goes on by itself."""
        return self.job.state in ACTIVE


def _one_failure(rows: QuerySet[Any]) -> QuerySet[Any]:
    """With how attempts ended, and what one that failed said; whichever the index by error kinds gives first."""
    failed = Attempt.objects.filter(run=OuterRef("pk"), state=Attempt.State.FAILED).order_by("error_kind")
    said = failed.exclude(error_kind=NOTHING_NEW).values("error_message")[:1]
    annotated: QuerySet[Any] = with_endings(rows).annotate(example=Subquery(said))
    return annotated


def _as_it_is(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows


def _passed(rows: QuerySet[Any]) -> QuerySet[Any]:
    passed = Q(candidates__state__in=ProblemCandidate.PASSED_STATES)
    counted: QuerySet[Any] = rows.annotate(passed_count=Count("candidates", filter=passed))
    return counted


def _first_fault(rows: QuerySet[Any]) -> QuerySet[Any]:
    """With the first thing that was wrong in what is imported, and not all of them."""
    annotated: QuerySet[Any] = rows.annotate(first_fault=F("faults__0"))
    return annotated


EXTENDED: dict[str, Callable[[QuerySet[Any]], QuerySet[Any]]] = {
    "run": _one_failure,
    "generation": _passed,
    "import": _first_fault,
}
"""Adds what the list reads of a kind beyond its own row."""


def kinds_seen(person: User | AnonymousUser) -> list[str]:
    """The kinds of jobs that a person may look at."""
    return [kind for kind, reading in JOB_KINDS.items() if person.has_perms(reading.permissions)]


@dataclass(frozen=True, slots=True)
class JobKey:
    """A place in the list of all jobs: newest first, those of one moment by kind, then by id."""

    created_at: datetime
    kind: str
    pk: int

    def __str__(self) -> str:
        """As addresses have it."""
        return f"{(self.created_at - EPOCH) // timedelta(microseconds=1)}-{self.kind}-{self.pk}"

    def older(self, kind: str) -> Q:
        """Jobs of a kind that come after this place."""
        same = Q(created_at=self.created_at)
        if kind == self.kind:
            return Q(created_at__lt=self.created_at) | same & Q(pk__lt=self.pk)
        return Q(created_at__lte=self.created_at) if kind > self.kind else Q(created_at__lt=self.created_at)

    def newer(self, kind: str) -> Q:
        """Jobs of a kind that come before this place."""
        same = Q(created_at=self.created_at)
        if kind == self.kind:
            return Q(created_at__gt=self.created_at) | same & Q(pk__gt=self.pk)
        return Q(created_at__gte=self.created_at) if kind < self.kind else Q(created_at__gt=self.created_at)


def read_job_key(text: str) -> JobKey | None:
    """The place that an address names; None where it names none."""
    found = re.fullmatch(r"([0-9]{1,16})-([a-z_]{1,20})-([0-9]{1,18})", text, re.ASCII)
    if found is None or found[2] not in JOB_KINDS:
        return None
    return JobKey(EPOCH + timedelta(microseconds=int(found[1])), found[2], int(found[3]))


def list_jobs(
    kinds: Collection[str],
    *,
    state: str = "",
    before: JobKey | None = None,
    after: JobKey | None = None,
    size: int = PAGE_SIZE,
) -> Page[JobRow, JobKey]:
    """The newest jobs of these kinds, those older than `before`, or those just newer than `after`.

    As many queries as there are kinds on the page, and one. No job matches an unknown word for the state.
    """
    if state and state not in STATE_FILTERS:
        return Page([])
    wanted = Q(state__in=STATE_FILTERS[state][1]) if state else Q()
    if after is not None:
        keys = _keys({kind: wanted & after.newer(kind) for kind in kinds}, size, newest_first=False)
    else:
        keys = _keys({kind: wanted if before is None else wanted & before.older(kind) for kind in kinds}, size)
    page = cut_page(keys, lambda key: key, size=size, is_first=before is None, backwards=after is not None)
    return page.of(_rows(page.rows))


def get_jobs(kind: str, pks: Collection[int]) -> Sequence[JobRow]:
    """The jobs of a kind with these ids, those that are there, in order of id."""
    reading = JOB_KINDS[kind]
    rows = reading.model._default_manager.select_related("created_by", *reading.related).defer(*reading.unread)
    return [_row(kind, job) for _, job in sorted(EXTENDED.get(kind, _as_it_is)(rows).in_bulk(list(pks)).items())]


def list_trouble(kinds: Collection[str]) -> Sequence[JobRow]:
    """The newest jobs that failed, or that wait for somebody with a reason."""
    wanted = {}
    for kind in kinds:
        field = JOB_KINDS[kind].reason_field
        waits = Q(state__in=PAUSED) & ~Q(**{field: ""}) if field else Q(pk=None)
        wanted[kind] = Q(state__in=FAILED) | waits
    return _rows(_keys(wanted, TROUBLE_SHOWN - 1))


def count_unfinished(kinds: Collection[str]) -> Mapping[str, Mapping[str, int]]:
    """How many jobs of each kind are queued, running and paused, in one query."""
    counts: dict[str, dict[str, int]] = {kind: {} for kind in kinds}
    parts = [
        JOB_KINDS[kind]
        .model._default_manager.filter(state__in=(*ACTIVE, *PAUSED))
        .order_by()
        .annotate(job_kind=_word(kind))
        .values_list("job_kind", "state")
        .annotate(count=Count("pk"))
        for kind in kinds
    ]
    for kind, state, count in _together(parts):
        counts[kind][state] = count
    return counts


def _word(kind: str) -> Value:
    return Value(kind, output_field=CharField())


def _together(parts: Sequence[QuerySet[Any, Any]]) -> Iterable[Any]:
    if not parts:
        return []
    return parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]


def _keys(wanted: Mapping[str, Q], size: int, *, newest_first: bool = True) -> list[JobKey]:
    """The first `size` places and one more, of the jobs wanted of each kind."""
    order = ("-created_at", "job_kind", "-pk") if newest_first else ("created_at", "-job_kind", "pk")
    parts = [
        JOB_KINDS[kind]
        .model._default_manager.filter(condition)
        .annotate(job_kind=_word(kind))
        .values_list("created_at", "job_kind", "pk")
        .order_by(order[0], order[2])[: size + 1]
        for kind, condition in wanted.items()
    ]
    if not parts:
        return []
    found = parts[0].union(*parts[1:], all=True).order_by(*order)[: size + 1] if len(parts) > 1 else parts[0]
    return [JobKey(*row) for row in found]


def _rows(keys: Sequence[JobKey]) -> list[JobRow]:
    """The jobs at these places, read kind by kind."""
    jobs: dict[tuple[str, int], JobRow] = {}
    for kind in dict.fromkeys(key.kind for key in keys):
        wanted = get_jobs(kind, [key.pk for key in keys if key.kind == kind])
        jobs |= {(kind, row.job.pk): row for row in wanted}
    return [row for key in keys if (row := jobs.get((key.kind, key.pk))) is not None]


def _row(kind: str, job: Any) -> JobRow:
    reading = JOB_KINDS[kind]
    spending = None
    if reading.is_paid(job):
        tokens = job.input_tokens + job.output_tokens
        spending = Spending(job.cost, job.budget_cost, tokens, job.budget_tokens)
    reason = getattr(job, reading.reason_field) if reading.reason_field else ""
    fault = getattr(job, "first_fault", None)
    example = str(ImportFault(*fault)) if fault else getattr(job, "example", None) or ""
    return JobRow(kind, reading, job, reading.progress(job), spending, reason, example)
