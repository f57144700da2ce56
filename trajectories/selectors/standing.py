"""Where the improvement loop stands: at each stage, how much is under way and how much waits for a person."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.contrib.auth.models import User
from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.utils import timezone

from trajectories.models import (
    PendingVerification,
    ProblemCandidate,
    Queue,
    QueueWork,
    Release,
    ReleaseItem,
    Run,
    Trace,
)
from trajectories.selectors.adjudications import disputed_traces
from trajectories.selectors.queues import queues_for
from trajectories.selectors.references import ReferenceFilter, count_unmatched

LIMIT = 10_000
"""Counts stop here rather than read a whole table; pages say "10,000+"."""

DOUBTED = ReferenceFilter(least=4)
"""A reference is doubted once so many samples were held against it and none matched."""


@dataclass(frozen=True, slots=True)
class RunsStanding:
    """Runs under way and paused; of the newest paused one its title and why it waits, "" where none is."""

    active: int
    paused: int
    title: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class QueuesStanding:
    """Open queues that are not finished, the reviews left in them, the next due date, and how many are overdue."""

    unfinished: int
    left: int
    due: date | None
    overdue: int


@dataclass(frozen=True, slots=True)
class ReleaseStanding:
    """The newest release, and how many accepted traces are in no release so new; None where there is none."""

    newest: Release | None
    since: int


@dataclass(frozen=True, slots=True)
class SpendStanding:
    """Money that runs under way or paused have spent, and their budgets where each has one; all that was ever spent."""

    spent: Decimal
    budget: Decimal | None
    ever: Decimal


def runs_standing() -> RunsStanding:
    """Two queries."""
    states = Count("pk", filter=Q(state__in=Run.ACTIVE_STATES)), Count("pk", filter=Q(state=Run.State.PAUSED))
    counts = Run.objects.filter(state__in=(*Run.ACTIVE_STATES, Run.State.PAUSED)).aggregate(
        active=states[0], paused=states[1]
    )
    newest = None
    if counts["paused"]:
        newest = Run.objects.filter(state=Run.State.PAUSED).order_by("-pk").values("title", "state_reason").first()
    if newest is None:
        return RunsStanding(**counts)
    return RunsStanding(**counts, title=newest["title"], reason=newest["state_reason"])


def verification_standing() -> int:
    """Traces that wait for their verdicts."""
    return PendingVerification.objects.values("pk")[:LIMIT].count()


def queues_standing(person: User) -> QueuesStanding:
    """Over the queues that a person may see; two queries."""
    rows = queues_for(person).filter(state=Queue.State.OPEN).order_by().values_list("pk", "review_count", "due_on")
    queues = {key: (wanted, due) for key, wanted, due in rows}
    work = QueueWork.objects.filter(queue__in=queues).order_by().values_list("queue")
    done = dict(work.annotate(sum=Sum("done_count"))) if queues else {}
    left = {key: wanted - done.get(key, 0) for key, (wanted, _) in queues.items() if wanted > done.get(key, 0)}
    dates = [due for key in left if (due := queues[key][1]) is not None]
    today = timezone.localdate()
    return QueuesStanding(len(left), sum(left.values()), min(dates, default=None), sum(due < today for due in dates))


def disputes_standing() -> int:
    """Traces that people decided differently and nobody finally."""
    return disputed_traces().values("pk")[:LIMIT].count()


def candidates_standing() -> int:
    """Generated problems that wait for a person to let them in."""
    waiting = ProblemCandidate.objects.filter(state=ProblemCandidate.State.WAITING)
    return waiting.values("pk")[:LIMIT].count()


def references_standing() -> int:
    """Problems whose reference no sample matched, of those with as many samples as DOUBTED asks for."""
    return count_unmatched(DOUBTED, most=LIMIT)


def release_standing() -> ReleaseStanding:
    """Two queries."""
    newest = Release.objects.order_by("-pk").first()
    accepted = Trace.objects.filter(decision=Trace.Decision.ACCEPTED, withdrawn=False)
    if newest is not None:
        accepted = accepted.filter(~Exists(ReleaseItem.objects.filter(release=newest, trace=OuterRef("pk"))))
    return ReleaseStanding(newest, accepted.values("pk")[:LIMIT].count())


def spend_standing() -> SpendStanding:
    """One query. Money of samplers without a known price is not known, and not in it."""
    here = Q(state__in=(*Run.ACTIVE_STATES, Run.State.PAUSED))
    found = Run.objects.aggregate(
        ever=Sum("cost", default=Decimal(0)),
        spent=Sum("cost", filter=here, default=Decimal(0)),
        budget=Sum("budget_cost", filter=here),
        unlimited=Count("pk", filter=here & Q(budget_cost=None)),
    )
    return SpendStanding(found["spent"], None if found["unlimited"] else found["budget"], found["ever"])
