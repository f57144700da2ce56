"""Reading curation queues: whose they are, how far they are, and who works on what now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Case, Count, F, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from trajectories.core.curation.reviews import Decision
from trajectories.models import Assignment, Queue, QueueFlag, QueueGuidelines, QueueItem, QueueSkip, QueueWork
from trajectories.selectors.blinding import ADD_REVIEWS, SEE_REVIEWS, Sight

CONTROL_QUEUES = "trajectories.control_queue"
SESSION_GAP = timedelta(minutes=30)
"""So long without a decision ends a session of reviewing."""
SESSION_SHOWN = 1000
FLAGS_SHOWN = 100


def queues_for(person: User | AnonymousUser) -> QuerySet[Queue]:
    """The queues that a person may see: those they may work on, or all for who controls queues or sees all reviews."""
    if person.has_perm(CONTROL_QUEUES) or person.has_perm(SEE_REVIEWS):
        return Queue.objects.all()
    return _open_to(person)


def may_work(queue: Queue, person: User | AnonymousUser) -> bool:
    """Whether a person may review what is in a queue."""
    return person.has_perm(ADD_REVIEWS) and _open_to(person).filter(pk=queue.pk).exists()


def _open_to(person: User | AnonymousUser) -> QuerySet[Queue]:
    """The queues whose members are everybody, or this person among others."""
    through = Queue.members.through.objects.filter(queue=OuterRef("pk"))
    anyone, mine = through.values("pk")[:1], through.filter(user=person.pk or 0).values("pk")[:1]
    found = Queue.objects.annotate(_anyone=Subquery(anyone), _mine=Subquery(mine))
    return found.filter(Q(_anyone=None) | Q(_mine__isnull=False))


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A queue in a list: reviews given and needed, by all and by the person who asks, and who looks at it now. `flags`
    are the questions that its lead has not settled, 0 for who leads none."""

    queue: Queue
    done: int
    mine: int
    looking: Sequence[str]
    is_mine: bool
    flags: int = 0

    @property
    def is_finished(self) -> bool:
        """Whether every review it needs is given."""
        return not self.queue.is_filling and self.done >= self.queue.review_count


def list_queues(person: User | AnonymousUser, *, mine: bool = False, size: int = 200) -> list[QueueRow]:
    """The queues that a person may see, or with `mine` may work on and that are not closed; what is due comes first."""
    queues = _open_to(person).exclude(state=Queue.State.CLOSED) if mine else queues_for(person)
    done = QueueWork.objects.filter(queue=OuterRef("pk")).order_by().values("queue").annotate(sum=Sum("done_count"))
    own = (
        QueueWork.objects.filter(queue=OuterRef("pk"), reviewer=person.pk or 0)
        .annotate(own=F("done_count") + F("gold_count"))
        .values("own")
    )
    rows = queues.annotate(done=Coalesce(Subquery(done.values("sum")), 0), own=Coalesce(Subquery(own), 0))
    closed_last = Case(When(state=Queue.State.CLOSED, then=1), default=0)
    ordered = rows.select_related("created_by").order_by(closed_last, F("due_on").asc(nulls_last=True), "-pk")
    found = list(ordered[:size])
    if not found:
        return []
    looking: dict[int, list[str]] = {}
    now = running_assignments().filter(queue__in=[queue.pk for queue in found]).order_by("reviewer__username")
    for queue, name in now.values_list("queue", "reviewer__username").distinct():
        looking.setdefault(queue, []).append(name)
    flags: dict[int, int] = {}
    if person.has_perm(CONTROL_QUEUES):
        asked = QueueFlag.objects.filter(settled_at=None, item__queue__in=[queue.pk for queue in found]).order_by()
        flags = dict(asked.values_list("item__queue").annotate(Count("pk")))
    reviews = person.has_perm(ADD_REVIEWS)
    open_to_me = {queue.pk for queue in found} if mine else set(_open_to(person).values_list("pk", flat=True))
    return [
        QueueRow(
            queue=queue,
            done=queue.done,
            mine=queue.own,
            looking=tuple(looking.get(queue.pk, ())),
            is_mine=reviews and queue.pk in open_to_me,
            flags=flags.get(queue.pk, 0),
        )
        for queue in found
    ]


def running_assignments() -> QuerySet[Assignment]:
    """The assignments that somebody has on their screen now."""
    return Assignment.objects.filter(state=Assignment.State.LEASED, expires_at__gt=Now())


@dataclass(frozen=True, slots=True)
class QueueProgress:
    """Reviews given and needed in a queue, and the decisions of the person who asks.

    Theirs count gold items too: who counts along must not find out which these are.
    """

    reviewed: int
    total: int
    mine: int


def queue_progress(queue: Queue, person: User | AnonymousUser) -> QueueProgress:
    """How far a queue is, from kept counters."""
    work = list(QueueWork.objects.filter(queue=queue).values_list("reviewer", "done_count", "gold_count"))
    mine = sum(count + gold for reviewer, count, gold in work if reviewer == person.pk)
    return QueueProgress(sum(count for _, count, _ in work), queue.review_count, mine)


class Nothing(StrEnum):
    """Why a person is handed nothing in a queue."""

    PAUSED = "paused"
    CLOSED = "closed"
    FILLING = "filling"  # traces are still being taken up
    OTHERS = "others"  # others have on their screens all that this person could get
    SKIPPED = "skipped"  # only what they skipped is left for them
    WAITS = "waits"  # they have done their part; the rest needs other people
    DONE = "done"
    EMPTY = "empty"


def why_nothing(queue: Queue, person: User) -> Nothing:
    """Why a person to whom nothing was handed gets nothing."""
    if queue.state != Queue.State.OPEN:
        return Nothing(queue.state)
    waiting = Assignment.objects.filter(queue=queue, is_gold=False).exclude(state=Assignment.State.DONE)
    mine = Assignment.objects.filter(item=OuterRef("item"), reviewer=person).values("pk")[:1]
    for_me = waiting.annotate(_mine=Subquery(mine)).filter(Q(meant_for=None) | Q(meant_for=person), _mine=None)
    skipped = QueueSkip.objects.filter(item=OuterRef("item"), reviewer=person).values("pk")[:1]
    if for_me.annotate(_skipped=Subquery(skipped)).filter(_skipped=None).exists():
        return Nothing.OTHERS
    if for_me.exists():
        return Nothing.SKIPPED
    if queue.is_filling:
        return Nothing.FILLING
    if waiting.exists():
        return Nothing.WAITS
    return Nothing.DONE if queue.item_count else Nothing.EMPTY


def count_skipped(queue: Queue, person: User) -> int:
    """How many items a person skipped and did not decide since."""
    return QueueSkip.objects.filter(item__queue=queue, reviewer=person).count()


def may_know_others(item: QueueItem, person: User) -> bool:
    """Whether a person at an item may see the reviews of others: by the queue's rule, or once they have a standing
    review of their own. Of a gold item they never may, as that would reveal that it is one."""
    return (not item.queue.hides.reviews and not item.is_gold) or Sight(person.pk).covers(item.trace_id)


def assignment_of(item: QueueItem, person: User) -> Assignment | None:
    """The person's assignment to an item, whatever its state."""
    return Assignment.objects.filter(item=item, reviewer=person).select_related("review").first()


def recent_assignments(queue: Queue, person: User, size: int) -> QuerySet[Assignment]:
    """The person's newest decisions in a queue, those since taken back included."""
    mine = Assignment.objects.filter(queue=queue, reviewer=person, decided_at__isnull=False)
    return mine.order_by("-decided_at")[:size]


def current_guidelines(queue: Queue) -> QueueGuidelines | None:
    """The newest version of a queue's guidelines; None where nothing was ever written."""
    return QueueGuidelines.objects.filter(queue=queue).order_by("-version").first()


@dataclass(frozen=True, slots=True)
class Session:
    """What a person did without a break: how much they decided and accepted, median seconds each, minutes together."""

    decided: int
    accepted: int
    median_seconds: float | None
    minutes: float

    @property
    def per_hour(self) -> float | None:
        """Decisions an hour; None for what is too short to tell."""
        return self.decided / self.minutes * 60 if self.minutes >= 1 else None


def get_session(queue: Queue, person: User) -> Session:
    """The person's present session in a queue: what they decided up to now without a gap of SESSION_GAP."""
    mine = Assignment.objects.filter(queue=queue, reviewer=person, state=Assignment.State.DONE)
    rows = mine.order_by("-decided_at").values_list("decided_at", "handed_at", "seconds", "review__decision", "answer")
    last, taken = timezone.now(), list[tuple[Any, ...]]()
    for row in rows[:SESSION_SHOWN]:
        if last - row[0] > SESSION_GAP:  # type: ignore[operator]  # what is done has been decided
            break
        last = row[0]  # type: ignore[assignment]
        taken.append(row)
    accepted = sum((review or (answer or {}).get("decision")) == Decision.ACCEPT for *_, review, answer in taken)
    seconds = [row[2] for row in taken if row[2] is not None]
    first = (taken[-1][1] or taken[-1][0]) if taken else last
    minutes = (taken[0][0] - first).total_seconds() / 60 if taken else 0.0
    return Session(len(taken), accepted, median(seconds) if seconds else None, minutes)


@dataclass(frozen=True, slots=True)
class Looking:
    """A trace that somebody has on their screen, since when, and how many more are reserved for them behind it."""

    trace_id: int
    since: datetime | None
    more: int


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person's part in a queue: kept counts, what they did lately, and what they look at now (None: nothing)."""

    work: QueueWork
    last_hour: int
    last_day: int
    looking: Looking | None

    @property
    def seconds_each(self) -> float | None:
        """Seconds looked at an item, on average; None where nothing was decided."""
        return self.work.seconds / self.work.done_count if self.work.done_count else None


def list_people(queue: Queue) -> list[PersonRow]:
    """Everybody who has worked on a queue, the busiest first."""

    def since(interval: timedelta) -> Coalesce:
        done = Assignment.objects.filter(
            queue=OuterRef("queue"), reviewer=OuterRef("reviewer"), state="done", decided_at__gt=Now() - interval
        )
        return Coalesce(Subquery(done.order_by().values("reviewer").annotate(n=Count("pk")).values("n")), 0)

    work = QueueWork.objects.filter(queue=queue).select_related("reviewer").order_by("-done_count", "pk")
    rows = work.annotate(hour=since(timedelta(hours=1)), day=since(timedelta(days=1)))
    held: dict[int, list[tuple[int, datetime | None]]] = {}
    running = running_assignments().filter(queue=queue).order_by("handed_at", "pk")
    for reviewer, trace, since_then in running.values_list("reviewer", "item__trace", "handed_at"):
        held.setdefault(reviewer or 0, []).append((trace, since_then))
    # What was handed out first is on the screen; what came later was fetched ahead.
    looking = {person: Looking(*items[0], len(items) - 1) for person, items in held.items()}
    return [PersonRow(row, row.hour, row.day, looking.get(row.reviewer_id)) for row in rows]


def open_of(reviewer: User) -> QuerySet[Assignment]:
    """What a person has not decided yet and nobody else is handed: on their screens, or meant for them."""
    theirs = Q(reviewer=reviewer, state=Assignment.State.LEASED) | Q(meant_for=reviewer, state=Assignment.State.OPEN)
    return Assignment.objects.filter(theirs, is_gold=False)


@dataclass(frozen=True, slots=True)
class OpenRow:
    """What a person has open in one queue: items on their screens, expired or not, and items meant for them."""

    queue: int
    title: str
    leased: int
    meant: int


def open_by_queue(reviewer: User) -> list[OpenRow]:
    """What a person has open, by queue."""
    leased = Count("pk", filter=Q(state=Assignment.State.LEASED))
    rows = open_of(reviewer).values("queue", "queue__title").annotate(leased=leased, all=Count("pk"))
    return [
        OpenRow(row["queue"], row["queue__title"], row["leased"], row["all"] - row["leased"])
        for row in rows.order_by("queue__title", "queue")
    ]


def open_flags(queue: Queue) -> list[QueueFlag]:
    """The questions to the lead that are not settled, oldest first."""
    flags = QueueFlag.objects.filter(item__queue=queue, settled_at=None)
    return list(flags.select_related("item", "reviewer").order_by("pk")[:FLAGS_SHOWN])


def gold_items(queue: Queue) -> list[QueueItem]:
    """The gold items of a queue, with how many people have answered each and how many rightly."""
    done = Q(assignments__state=Assignment.State.DONE)
    items = QueueItem.objects.filter(queue=queue, is_gold=True).select_related("trace__problem")
    items = items.defer("trace__steps", "trace__parts", "trace__facts", "trace__problem__spec")
    right = Count("assignments", filter=done & Q(assignments__is_right=True))
    counted = items.annotate(answered=Count("assignments", filter=done), right=right)
    return list(counted.order_by("-is_training", "pk"))
