"""Who reviews which item of a queue: every item gets exactly its quota, and nobody the same one twice.

Each wanted review is a row, so whoever has the row has the right to give it: no count can be wrong. A lease lasts LEASE
without a sign of life; what has expired is as good as open, at once.
"""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from trajectories.core.identity import derive_seed
from trajectories.models import Assignment, AuditEvent, Queue, QueueItem, QueueSkip, QueueWork
from trajectories.services.curation.review_leases import LEASE
from trajectories.services.curation.suggestions import give_suggestion
from trajectories.services.locks import take_turn

State = Assignment.State

# A row's own columns say whether it is free, so that the check is made again on its newest version once it is locked.
FREE = """
    SELECT waiting.id FROM trajectories_assignment AS waiting
    WHERE waiting.queue_id = %(queue)s AND waiting.state <> 'done' AND NOT waiting.is_gold
      AND (waiting.state = 'open' OR waiting.expires_at <= STATEMENT_TIMESTAMP())
      AND (waiting.meant_for_id IS NULL OR waiting.meant_for_id = %(reviewer)s)
      AND {where}
      AND NOT EXISTS (
        SELECT 1 FROM trajectories_assignment AS mine
        WHERE mine.item_id = waiting.item_id AND mine.reviewer_id = %(reviewer)s)
      AND {skipped}EXISTS (
        SELECT 1 FROM trajectories_queueskip AS skip
        WHERE skip.item_id = waiting.item_id AND skip.reviewer_id = %(reviewer)s)
      AND NOT EXISTS (SELECT 1 FROM held){after}
    ORDER BY waiting.rank, waiting.id LIMIT 1 FOR NO KEY UPDATE OF waiting{passing}
"""
NEXT = """
WITH held AS (
    SELECT id FROM trajectories_assignment
    WHERE queue_id = %(queue)s AND reviewer_id = %(reviewer)s AND state = 'leased'
      AND item_id NOT IN (
        SELECT id FROM trajectories_queueitem WHERE queue_id = %(queue)s AND trace_id = ANY(%(but)s::bigint[]))
    ORDER BY handed_at, id LIMIT 1 FOR NO KEY UPDATE
),
upper AS ({upper}),
lower AS ({lower}),
chosen AS (SELECT id FROM held UNION ALL SELECT id FROM upper UNION ALL SELECT id FROM lower),
work AS (
    INSERT INTO trajectories_queuework
        (queue_id, reviewer_id, done_count, skipped_count, seconds, gold_count, gold_right, seen_at)
    VALUES (%(queue)s, %(reviewer)s, 0, 0, 0, 0, 0, STATEMENT_TIMESTAMP())
    ON CONFLICT (queue_id, reviewer_id) DO UPDATE SET seen_at = EXCLUDED.seen_at
),
taken AS (
    UPDATE trajectories_assignment AS taken SET
        state = 'leased',
        token = %(token)s,
        handed_at = CASE WHEN taken.reviewer_id = %(reviewer)s THEN taken.handed_at ELSE STATEMENT_TIMESTAMP() END,
        decided_at = CASE WHEN taken.reviewer_id = %(reviewer)s THEN taken.decided_at END,
        reviewer_id = %(reviewer)s,
        expires_at = STATEMENT_TIMESTAMP() + make_interval(secs => %(lease)s)
    FROM chosen WHERE taken.id = chosen.id
    RETURNING taken.*
)
SELECT taken.*, {item} FROM taken JOIN trajectories_queueitem AS item ON item.id = taken.item_id
"""
"""What the reviewer holds already, else the first free one from where their order starts, else from the top. That they
were here is noted along with it."""

ITEM_FIELDS = [field.attname for field in QueueItem._meta.concrete_fields]

GOLD = """
INSERT INTO trajectories_assignment
    (queue_id, item_id, number, rank, is_gold, state, reviewer_id, token, handed_at, expires_at)
SELECT item.queue_id, item.id, %(reviewer)s, item.rank, true, 'leased', %(reviewer)s, %(token)s, STATEMENT_TIMESTAMP(),
    STATEMENT_TIMESTAMP() + make_interval(secs => %(lease)s)
FROM trajectories_queueitem AS item
WHERE item.queue_id = %(queue)s AND item.is_gold AND {where}
  AND NOT EXISTS (
    SELECT 1 FROM trajectories_assignment AS mine WHERE mine.item_id = item.id AND mine.reviewer_id = %(reviewer)s)
ORDER BY item.rank, item.id LIMIT 1
RETURNING id
"""


@transaction.atomic
def lease_next(
    *,
    reviewer: User,
    queue: Queue,
    but: Iterable[int] = (),
    skipped: bool = False,
    token: uuid.UUID | None = None,
) -> Assignment | None:
    """Lease the reviewer's next item of a queue; None where nothing is free for them, or the queue is not open.

    What they hold comes first, so that a page opened again shows the same, with a token of its own: what the page
    before releases on leaving is heard later. `but` names traces that are on their screen or on their way. `skipped`
    hands out what they passed over before, and nothing else. `token` is chosen by a page that fetches ahead.
    """
    if queue.state != Queue.State.OPEN:
        return None
    # Pages ask twice: a form sent again and the page that is fetched ahead must not pass each other's rows over.
    take_turn("assignments of", reviewer.pk)
    values: dict[str, Any] = {
        "queue": queue.pk,
        "reviewer": reviewer.pk,
        "but": list(but),
        "token": token or uuid.uuid4(),
        "lease": LEASE.total_seconds(),
        "start": _start(queue, reviewer),
    }
    training, found = False, None
    if queue.has_training or queue.gold_every:
        work, _ = QueueWork.objects.update_or_create(queue=queue, reviewer=reviewer, defaults={"seen_at": Now()})
        training = queue.has_training and _trains(queue, work)
        found = None if skipped else _lease_gold(queue, work, values, training=training)
    if found is None and not training:
        # Rows that somebody is writing to are passed over at first, and waited for before the answer is "none".
        found = _take(values, skipped=skipped, passing=True) or _take(values, skipped=skipped, passing=False)
    if found is None:
        return None
    found.item.queue = queue
    return give_suggestion(found, queue)


def _start(queue: Queue, reviewer: User) -> float | None:
    """Where in [0, 1) the reviewer's random order starts; None for the orders that are the same for everybody."""
    if queue.item_order != Queue.Order.RANDOM:
        return None
    return derive_seed("start", queue.seed, reviewer.pk) / 2**63


def _take(values: Mapping[str, Any], *, skipped: bool, passing: bool, where: str = "true") -> Assignment | None:
    """Lease the next one that meets the condition, with its item; None for none."""
    shape = {"skipped": "" if skipped else "NOT ", "passing": " SKIP LOCKED" if passing else ""}
    after = " AND NOT EXISTS (SELECT 1 FROM upper)"
    from_start = "true" if values["start"] is None else "waiting.rank >= %(start)s"
    upper = FREE.format(where=f"{where} AND {from_start}", after="", **shape)
    # In an order that starts at the top there is nothing below.
    below = "false" if values["start"] is None else "waiting.rank < %(start)s"
    lower = FREE.format(where=f"{where} AND {below}", after=after, **shape)
    item = ", ".join(f"item.{name} AS item__{name}" for name in ITEM_FIELDS)
    found = list(Assignment.objects.raw(NEXT.format(upper=upper, lower=lower, item=item), values))
    if not found:
        return None
    found[0].item = QueueItem.from_db(
        found[0]._state.db, ITEM_FIELDS, [getattr(found[0], f"item__{name}") for name in ITEM_FIELDS]
    )
    return found[0]


def _trains(queue: Queue, work: QueueWork) -> bool:
    """Whether the reviewer is still in the training round; keeps that it is over once it is."""
    if work.trained_at is not None:
        return False
    training = QueueItem.objects.filter(queue=queue, is_training=True)
    answered = training.filter(assignments__reviewer=work.reviewer_id, assignments__state=State.DONE)
    if training.exclude(pk__in=answered.values("pk")).exists():
        return True
    QueueWork.objects.filter(pk=work.pk).update(trained_at=Now())
    return False


def _lease_gold(queue: Queue, work: QueueWork, values: Mapping[str, Any], *, training: bool) -> Assignment | None:
    """Hand out a gold item where one is due and the reviewer holds nothing else; None where not."""
    if not training and not queue.gold_every:
        return None
    mine = Assignment.objects.filter(queue=queue, reviewer=work.reviewer_id, state=State.LEASED)
    held = mine.count()
    if mine.exclude(item__trace__in=values["but"]).exists():
        return _take(values, skipped=False, passing=True, where="false")
    if not training and not _is_gold_due(queue, work, work.done_count + work.gold_count + held):
        return None
    return _make_gold({**values, "training": training}, where="item.is_training = %(training)s")


def _make_gold(values: Mapping[str, Any], *, where: str) -> Assignment | None:
    """Lease the first gold item that meets the condition and that the reviewer has not had; None for none."""
    with connection.cursor() as cursor:
        cursor.execute(GOLD.format(where=where), values)
        row = cursor.fetchone()
    return None if row is None else Assignment.objects.select_related("item").get(pk=row[0])


def _is_gold_due(queue: Queue, work: QueueWork, position: int) -> bool:
    """Whether the decision at a position, from 0, is about a gold item: one in each block of `gold_every`, nobody can
    tell which.
    """
    block, within = divmod(position, queue.gold_every)
    return within == derive_seed("gold", queue.seed, work.reviewer_id, block) % queue.gold_every


@transaction.atomic
def lease_item(*, reviewer: User, item: QueueItem, same_page: bool = False) -> Assignment | None:
    """The reviewer's assignment to one item, leased anew where it is not decided; None where there is none for them.

    The token is a new one, as in `lease_next`, but for the `same_page` that asks again.
    """
    take_turn("assignments of", reviewer.pk)
    mine = Assignment.objects.select_for_update(no_key=True).filter(item=item, reviewer=reviewer).first()
    if mine is not None:
        if mine.state == State.LEASED:
            mine.token = mine.token if same_page else uuid.uuid4()
            Assignment.objects.filter(pk=mine.pk).update(expires_at=Now() + LEASE, token=mine.token)
        return give_suggestion(mine, item.queue)
    if item.queue.state != Queue.State.OPEN:
        return None
    values: dict[str, Any] = {
        "queue": item.queue_id,
        "reviewer": reviewer.pk,
        # Held are others than this one, which is not: none of them is meant.
        "but": list(_traces_held(item.queue_id, reviewer)),
        "token": uuid.uuid4(),
        "lease": LEASE.total_seconds(),
        "start": None,
        "item": item.pk,
    }
    if item.is_gold:
        # Opened again, it is there again, as any other item is: else it could be told from them.
        QueueWork.objects.update_or_create(queue=item.queue, reviewer=reviewer, defaults={"seen_at": Now()})
        found = _make_gold(values, where="item.id = %(item)s")
        return None if found is None else give_suggestion(found, item.queue)
    for skipped in (False, True):
        if (found := _take(values, skipped=skipped, passing=False, where="waiting.item_id = %(item)s")) is not None:
            return give_suggestion(found, item.queue)
    return None


def _traces_held(queue_id: int, reviewer: User) -> QuerySet[Assignment, int]:
    mine = Assignment.objects.filter(queue=queue_id, reviewer=reviewer, state=State.LEASED)
    return mine.values_list("item__trace", flat=True)


def renew_assignments(*, reviewer: User, tokens: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Keep leases of the reviewer; the tokens of those that are theirs, which includes what they have decided."""
    mine = Assignment.objects.filter(reviewer=reviewer, token__in=set(tokens))
    with transaction.atomic():
        _lock_in_order(mine.filter(state=State.LEASED))
        mine.filter(state=State.LEASED).update(expires_at=Now() + LEASE)
    return {token for token in mine.values_list("token", flat=True) if token}


@transaction.atomic
def release_assignments(*, reviewer: User, tokens: Iterable[uuid.UUID]) -> None:
    """Let go of leases, so that others may be handed the items at once; what is somebody else's stays theirs."""
    # A row that is being let go of is passed over by `lease_next`: what is asked for at the same time would skip it.
    take_turn("assignments of", reviewer.pk)
    mine = Assignment.objects.filter(reviewer=reviewer, state=State.LEASED, token__in=set(tokens))
    _lock_in_order(mine)
    free_assignments(mine)


def _lock_in_order(assignments: Any) -> None:
    """Lock a queryset's rows by id: a lease may hold many, and whoever takes them over locks them in this order too."""
    list(assignments.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))


def free_assignments(leased: Any) -> None:
    """Open leased assignments again, a queryset; those of gold items, which are made for one person, go."""
    leased.filter(is_gold=True).delete()
    leased.filter(is_gold=False).update(
        state=State.OPEN, reviewer=None, token=None, expires_at=None, handed_at=None, decided_at=None
    )


def reopen_assignments(*, reviewer: User, trace_id: int) -> None:
    """Give the reviewer the items of a trace back on which they have taken their decision back: it may be made anew.

    The trace's row is locked, and the turn of `lease_next` is taken.
    """
    done = Assignment.objects.filter(reviewer=reviewer, item__trace=trace_id, state=State.DONE, is_gold=False)
    for assignment in done.select_for_update(no_key=True, of=("self",)).order_by("pk"):
        QueueItem.objects.filter(pk=assignment.item_id).update(done_count=F("done_count") - 1)
        QueueWork.objects.filter(queue=assignment.queue_id, reviewer=reviewer).update(
            done_count=F("done_count") - 1, seconds=F("seconds") - (assignment.seconds or 0.0)
        )
        lease_again(assignment)


def lease_again(assignment: Assignment) -> None:
    """Put a decided assignment back on its reviewer's screen."""
    Assignment.objects.filter(pk=assignment.pk).update(
        state=State.LEASED,
        token=uuid.uuid4(),
        expires_at=Now() + LEASE,
        review=None,
        is_right=None,
        seconds=None,
    )


@transaction.atomic
def skip_item(*, reviewer: User, item: QueueItem, reason: str = "") -> bool:
    """Pass an item over; False where it is not on the reviewer's screen any more, which changes nothing.

    They get it again only by asking for what they skipped. A training item cannot be skipped.
    """
    take_turn("assignments of", reviewer.pk)
    leased = Assignment.objects.filter(item=item, reviewer=reviewer, state=State.LEASED)
    if item.is_training or not leased.exists():
        return False
    if not item.is_gold:
        QueueSkip.objects.update_or_create(item=item, reviewer=reviewer, defaults={"reason": reason})
        QueueWork.objects.filter(queue=item.queue_id, reviewer=reviewer).update(
            skipped_count=QueueSkip.objects.filter(item__queue=item.queue_id, reviewer=reviewer).count()
        )
        # Whoever it was meant for does not want it: it is anybody's again.
        leased.update(meant_for=None)
        free_assignments(leased)
    else:
        # Nobody decides what they are not asked: it is as if the item had not come up.
        leased.update(state=State.DONE, decided_at=Now(), token=uuid.uuid4(), answer={})
    AuditEvent.objects.create(
        actor=reviewer,
        verb="queue.skip",
        object_type="trace",
        object_id=item.trace_id,
        data={"queue": item.queue_id, "item": item.pk, "reason": reason},
    )
    return True
