"""Who decides on which problem of a queue by problem: its samples are handed out, kept and let go of as a whole.

Each sample still has its own assignments, so that quotas stay exact. One lease holds one assignment of each, under one
token. Turns keep two people from dividing a problem: whoever takes its samples has the turn of the problem meanwhile.
"""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Min, QuerySet
from django.db.models.functions import Now

from trajectories.core.identity import derive_seed
from trajectories.models import Assignment, Queue, QueueSkip, QueueWork
from trajectories.selectors.queue_groups import group_on_screen
from trajectories.services.curation.assignments import free_assignments
from trajectories.services.curation.review_leases import LEASE
from trajectories.services.locks import take_turn, try_turn

State = Assignment.State

MOST_SAMPLES = 200
"""Samples that come on one screen. A problem with more of them comes several times, whole answers together."""

# An assignment that is free for the reviewer, whose item they have no other assignment of; none that a lead means for
# somebody else.
FREE = """
    FROM trajectories_assignment AS waiting
    JOIN trajectories_queueitem AS item ON item.id = waiting.item_id
    JOIN trajectories_trace AS trace ON trace.id = item.trace_id
    WHERE waiting.queue_id = %(queue)s AND waiting.state <> 'done' AND NOT waiting.is_gold
      AND (waiting.state = 'open' OR waiting.expires_at <= STATEMENT_TIMESTAMP())
      AND (waiting.meant_for_id IS NULL OR waiting.meant_for_id = %(reviewer)s)
      AND NOT trace.withdrawn
      AND NOT EXISTS (
        SELECT 1 FROM trajectories_assignment AS mine
        WHERE mine.item_id = waiting.item_id AND mine.reviewer_id = %(reviewer)s)
      {skips}
"""
SKIPPED = """EXISTS (
        SELECT 1 FROM trajectories_queueskip AS skip
        WHERE skip.item_id = waiting.item_id AND skip.reviewer_id = %(reviewer)s)"""
NEXT_PROBLEM = f"""
    SELECT trace.problem_id {FREE} AND NOT (trace.problem_id = ANY(%(but)s)) AND {{where}}
    ORDER BY waiting.rank, waiting.id LIMIT 1
"""
SAMPLES = f"""
    SELECT id FROM (
        SELECT DISTINCT ON (waiting.item_id) waiting.id, waiting.item_id, trace.answer_hash
        {FREE} AND trace.problem_id = %(problem)s
        ORDER BY waiting.item_id, waiting.meant_for_id NULLS LAST, waiting.number
    ) AS free ORDER BY answer_hash, item_id LIMIT %(most)s
"""
OF_ITEMS = f"""
    SELECT DISTINCT ON (waiting.item_id) waiting.id {FREE} AND waiting.item_id = ANY(%(items)s)
    ORDER BY waiting.item_id, waiting.meant_for_id NULLS LAST, waiting.number
"""
LOCK = """
    SELECT id FROM trajectories_assignment
    WHERE id = ANY(%s) AND (state = 'open' OR (state = 'leased' AND expires_at <= STATEMENT_TIMESTAMP()))
    ORDER BY id FOR NO KEY UPDATE
"""


@dataclass(frozen=True, slots=True)
class _Wish:
    """Who wants a problem of which queue, but those of `but`; `skipped` for what they passed over, and nothing else."""

    reviewer: User
    queue: Queue
    but: Sequence[int] = ()
    skipped: bool = False
    token: uuid.UUID = field(default_factory=uuid.uuid4)

    def query(self, statement: str, *, where: str = "true", **values: object) -> list[int]:
        """The first column that a statement about free assignments gives."""
        given: dict[str, Any] = {"queue": self.queue.pk, "reviewer": self.reviewer.pk, "but": list(self.but), **values}
        skips = f"AND {'' if self.skipped else 'NOT '}{SKIPPED}"
        with connection.cursor() as cursor:
            cursor.execute(statement.format(skips=skips, where=where), given)
            return [int(row[0]) for row in cursor.fetchall()]


@transaction.atomic
def lease_next_group(
    *,
    reviewer: User,
    queue: Queue,
    but: Iterable[int] = (),
    skipped: bool = False,
    token: uuid.UUID | None = None,
) -> list[Assignment]:
    """Lease the samples of the reviewer's next problem of a queue; empty where none is free for them, or it is closed.

    What they hold comes first, with a token of its own, as in `lease_next`. `but` names problems that are on their
    screen or on their way; `skipped` hands out what they passed over. `token` is chosen by a page that fetches ahead.
    """
    if queue.state != Queue.State.OPEN:
        return []
    take_turn("assignments of", reviewer.pk)
    _note_presence(reviewer, queue)
    wish = _Wish(reviewer, queue, tuple(but), skipped, token or uuid.uuid4())
    return ([] if skipped else _held(wish)) or _take_next(wish)


def _note_presence(reviewer: User, queue: Queue) -> None:
    work, _ = QueueWork.objects.get_or_create(queue=queue, reviewer=reviewer)
    QueueWork.objects.filter(pk=work.pk).update(seen_at=Now())


def assignments_of(*, reviewer: User, queue: Queue, problem_id: int) -> QuerySet[Assignment]:
    """The reviewer's assignments to the samples of a problem that are not withdrawn, whatever their state."""
    mine = Assignment.objects.filter(queue=queue, reviewer=reviewer, is_gold=False)
    return mine.filter(item__trace__problem=problem_id, item__trace__withdrawn=False).order_by("pk")


def _held(wish: _Wish) -> list[Assignment]:
    """What the reviewer has had longest of what is leased to them, under a new token."""
    leased = Assignment.objects.filter(
        queue=wish.queue, reviewer=wish.reviewer, state=State.LEASED, item__trace__withdrawn=False
    )
    others = leased.exclude(item__trace__problem__in=wish.but).values("item__trace__problem")
    first = others.annotate(at=Min("handed_at")).order_by("at").values_list("item__trace__problem", flat=True).first()
    return [] if first is None else _lease_again(wish, first, same_page=False)


def _lease_again(wish: _Wish, problem_id: int, *, same_page: bool) -> list[Assignment]:
    mine = assignments_of(reviewer=wish.reviewer, queue=wish.queue, problem_id=problem_id).filter(state=State.LEASED)
    held = list(mine.select_for_update(no_key=True, of=("self",)))
    if not held:
        return []
    token = held[0].token if same_page and len({each.token for each in held}) == 1 else wish.token
    return _give([each.pk for each in held], token=token, expires_at=Now() + LEASE)


def _give(ids: Sequence[int], **values: object) -> list[Assignment]:
    Assignment.objects.filter(pk__in=ids).update(**values)
    return list(Assignment.objects.filter(pk__in=ids).select_related("item").order_by("pk"))


def _take_next(wish: _Wish) -> list[Assignment]:
    """Take the first problem that is free, passing over those that somebody is taking; these are waited for last."""
    busy: list[int] = []
    while (problem_id := _first_free(replace(wish, but=[*wish.but, *busy]))) is not None:
        if found := _take(wish, problem_id, waiting=False):
            return found
        busy.append(problem_id)
    for problem_id in busy:
        if found := _take(wish, problem_id, waiting=True):
            return found
    return []


def _first_free(wish: _Wish) -> int | None:
    """The problem whose sample is first in the reviewer's order of the queue; what is meant for them goes first."""
    meant = "waiting.meant_for_id = %(reviewer)s"
    if wish.queue.item_order != Queue.Order.RANDOM:
        parts, start = [meant, "true"], 0.0
    else:
        # Everybody starts elsewhere, as with single items.
        parts = [meant, "waiting.rank >= %(start)s", "waiting.rank < %(start)s"]
        start = derive_seed("start", wish.queue.seed, wish.reviewer.pk) / 2**63
    for where in parts:
        if found := wish.query(NEXT_PROBLEM, where=where, start=start):
            return found[0]
    return None


def _take(wish: _Wish, problem_id: int, *, waiting: bool) -> list[Assignment]:
    """Lease all samples of a problem that are free; none where somebody is faster.

    A turn that leads to nothing is given back at once: nobody ever waits while holding the turn of another problem.
    """
    turn = ("problem of queue", wish.queue.pk, problem_id)
    point = transaction.savepoint()
    if waiting:
        take_turn(*turn)
    if waiting or try_turn(*turn):
        ids = wish.query(SAMPLES, problem=problem_id, most=MOST_SAMPLES)
        if ids and _lock_all(ids):
            transaction.savepoint_commit(point)
            return _hand_out(wish, ids)
    transaction.savepoint_rollback(point)
    return []


def _lock_all(ids: Sequence[int]) -> bool:
    """Lock free assignments; False where not all are free any more: who has kept some at this moment has kept all."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [list(ids)])
        return len(cursor.fetchall()) == len(ids)


def _hand_out(wish: _Wish, ids: Sequence[int]) -> list[Assignment]:
    held = {"reviewer": wish.reviewer, "token": wish.token, "handed_at": Now(), "expires_at": Now() + LEASE}
    return _give(ids, state=State.LEASED, **held)


@transaction.atomic
def lease_group(*, reviewer: User, queue: Queue, problem_id: int, same_page: bool = False) -> list[Assignment]:
    """The samples of one problem for its reviewer: those that they hold, else those that are free, else those that they
    decided on together last; empty where there are none for them.

    The token of a lease is a new one, but for the `same_page` that asks again.
    """
    take_turn("assignments of", reviewer.pk)
    if held := _lease_again(_Wish(reviewer, queue), problem_id, same_page=same_page):
        return held
    if queue.state == Queue.State.OPEN:
        _note_presence(reviewer, queue)
        for skipped in (False, True):
            if found := _take(_Wish(reviewer, queue, skipped=skipped), problem_id, waiting=True):
                return found
    return group_on_screen(queue, problem_id, reviewer)


@transaction.atomic
def skip_group(*, reviewer: User, queue: Queue, problem_id: int, reason: str = "") -> int:
    """Pass the samples over that are on the reviewer's screen; how many, 0 where none is there any more."""
    take_turn("assignments of", reviewer.pk)
    mine = assignments_of(reviewer=reviewer, queue=queue, problem_id=problem_id).filter(state=State.LEASED)
    held = list(mine.select_for_update(no_key=True, of=("self",)).values_list("pk", "item"))
    if not held:
        return 0
    skips = [QueueSkip(item_id=item, reviewer=reviewer, reason=reason) for _, item in held]
    QueueSkip.objects.bulk_create(
        skips, update_conflicts=True, unique_fields=["item", "reviewer"], update_fields=["reason"]
    )
    count = QueueSkip.objects.filter(item__queue=queue, reviewer=reviewer).count()
    QueueWork.objects.filter(queue=queue, reviewer=reviewer).update(skipped_count=count)
    passed = Assignment.objects.filter(pk__in=[pk for pk, _ in held])
    # Whoever they were meant for does not want them: they are anybody's again.
    passed.update(meant_for=None)
    free_assignments(passed)
    return len(held)


def take_items(*, reviewer: User, queue: Queue, problem_id: int, item_ids: Collection[int]) -> bool:
    """Lease exactly these items of a problem to the reviewer, where all of them are free; whether that was so.

    For a screen whose lease ran out: what is on it is taken as a whole, as long as it needs a review. The reviewer's
    turn is taken.
    """
    take_turn("problem of queue", queue.pk, problem_id)
    wishes = [_Wish(reviewer, queue, skipped=skipped) for skipped in (False, True)]
    ids = [found for wish in wishes for found in wish.query(OF_ITEMS, items=list(item_ids))]
    if len(ids) < len(item_ids) or not _lock_all(ids):
        return False
    _hand_out(wishes[0], ids)
    return True
