"""Giving items of queues to others: what somebody has not decided yet, and what is to be decided once more."""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F

from trajectories.models import Assignment, AuditEvent, Queue, QueueSkip, QueueWork, ReviewVoid
from trajectories.selectors.queues import open_of
from trajectories.services.curation.voids import void_reviews
from trajectories.services.locks import take_turn

State = Assignment.State
TAKEN_AWAY = "reassigned"
"""The reason of the skip that keeps an item from coming back to the person it was taken from."""


@dataclass(frozen=True, slots=True)
class VoidDraft:
    """Which reviews are to be voided: those decided at or after `since`, in one `queue` or anywhere; see ReviewVoid."""

    since: datetime
    reason: str
    key: uuid.UUID
    queue: Queue | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """How many items went on, and how many of them to whoever is next: to nobody named, or nobody named may have it."""

    count: int
    to_anybody: int


@transaction.atomic
def reassign_items(*, actor: User, reviewer: User, queue: Queue, to: Collection[User]) -> Moved:
    """Take what a person has not decided in a queue from them and deal it out to others in turn; with nobody named, to
    whoever is next.

    What they have typed stays in their browser; submitting it says that the item is not theirs any more.
    """
    take_turn("assignments of", reviewer.pk)
    mine = open_of(reviewer).filter(queue=queue).select_related("queue").annotate(problem_id=F("item__trace__problem"))
    rows = list(mine.select_for_update(of=("self",)).order_by("rank", "pk"))
    moved = _deal(rows, reviewer, to)
    if rows:
        _audit(actor, "queue.reassign", queue, reviewer, {"to": _names(to), "items": [row.item_id for row in rows]})
    return moved


@transaction.atomic
def reopen_items(
    *,
    actor: User,
    reviewer: User,
    draft: VoidDraft,
    to: Collection[User],
) -> tuple[ReviewVoid, Moved]:
    """Void reviews of a person, and give the queue items that this opens again to the person named (who may be the
    same), or else to whoever asks next.

    The same draft again does nothing more. Raises VoidError where there is no such decision.
    """
    take_turn("assignments of", reviewer.pk)
    event = void_reviews(
        actor=actor, reviewer=reviewer, since=draft.since, reason=draft.reason, key=draft.key, queue=draft.queue
    )
    opened = Assignment.objects.filter(void=event, state=State.OPEN, meant_for=None).select_related("queue")
    rows = list(
        opened.annotate(problem_id=F("item__trace__problem")).select_for_update(of=("self",)).order_by("rank", "pk")
    )
    moved = _deal(rows, reviewer, to)
    by_queue: defaultdict[int, list[int]] = defaultdict(list)
    for row in rows:
        by_queue[row.queue_id].append(row.item_id)
    for its in Queue.objects.filter(pk__in=by_queue).order_by("pk"):
        _audit(actor, "queue.reopen_items", its, reviewer, {"to": _names(to), "items": by_queue[its.pk]})
    return event, moved


def _bundles(rows: Iterable[Any]) -> list[list[Assignment]]:
    """What goes to one person: the samples of a problem where these come at once, else one assignment."""
    found: dict[tuple[int, int], list[Assignment]] = {}
    for row in rows:
        key = (row.queue_id, row.problem_id) if row.queue.by_problem else (0, row.pk)
        found.setdefault(key, []).append(row)
    return list(found.values())


def _deal(rows: Sequence[Assignment], reviewer: User, to: Collection[User]) -> Moved:
    """Open the assignments, each meant for the next person in turn who has had no part in its item, or in none of the
    samples that come with it."""
    people = sorted(to, key=lambda person: person.pk)
    taken = Assignment.objects.filter(item__in=[row.item_id for row in rows], reviewer__in=people)
    others = taken.exclude(pk__in=[row.pk for row in rows])
    having = set(others.values_list("item", "reviewer"))
    given: defaultdict[int | None, list[Assignment]] = defaultdict(list)
    turn = 0
    for bundle in _bundles(rows):
        order = [*people[turn:], *people[:turn]]
        free = (each for each in order if not any((row.item_id, each.pk) in having for row in bundle))
        person = next(free, None)
        turn = turn if person is None else (people.index(person) + 1) % len(people)
        given[None if person is None else person.pk] += bundle
    for person_id, its in given.items():
        Assignment.objects.filter(pk__in=[row.pk for row in its]).update(
            state=State.OPEN,
            reviewer=None,
            token=None,
            expires_at=None,
            handed_at=None,
            decided_at=None,
            review=None,
            seconds=None,
            meant_for=person_id,
        )
    _keep_from(reviewer, given[None])
    return Moved(len(rows), len(given[None]))


def _keep_from(reviewer: User, rows: Sequence[Assignment]) -> None:
    """Let items that anybody may have not come back to the person they were taken from."""
    skips = [QueueSkip(item_id=row.item_id, reviewer=reviewer, reason=TAKEN_AWAY) for row in rows]
    QueueSkip.objects.bulk_create(skips, ignore_conflicts=True)
    for queue_id in {row.queue_id for row in rows}:
        skipped = QueueSkip.objects.filter(item__queue=queue_id, reviewer=reviewer).count()
        QueueWork.objects.filter(queue=queue_id, reviewer=reviewer).update(skipped_count=skipped)


def _names(people: Collection[User]) -> list[str]:
    return sorted(person.username for person in people)


def _audit(actor: User, verb: str, queue: Queue, reviewer: User, data: dict[str, object]) -> None:
    told = {"reviewer": reviewer.username, **data}
    AuditEvent.objects.create(actor=actor, verb=verb, object_type="queue", object_id=queue.pk, data=told)
