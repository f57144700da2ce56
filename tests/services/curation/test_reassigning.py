"""Giving items to others, and having decided ones decided once more: each still gets exactly its reviews."""

import uuid

import pytest
from django.contrib.auth.models import Group, User

from tests.queues import ACCEPT, decide, item_of, make_traces, queue_of
from trajectories.models import Assignment, AuditEvent, QueueItem, QueueWork, Review, Trace
from trajectories.selectors.queues import Nothing, open_by_queue, why_nothing
from trajectories.services.curation.assignments import lease_item, lease_next, release_assignments, skip_item
from trajectories.services.curation.decisions import GoneItemError, Submitted, decide_item
from trajectories.services.curation.queues import change_queue
from trajectories.services.curation.reassigning import Moved, VoidDraft, reassign_items, reopen_items
from trajectories.services.curation.voids import restore_reviews


@pytest.fixture
def people(db):
    found = [User.objects.create_user(name) for name in ("ann", "ben", "cho")]
    for person in found:
        person.groups.add(Group.objects.get(name="curator"))
    return found


@pytest.fixture
def queue(lead):
    return queue_of(lead, make_traces(4))


def draft(queue=None, key=None):
    first = Review.objects.order_by("pk").first()
    return VoidDraft(first.created_at, "careless", key or uuid.uuid4(), queue)


def work(queue, person):
    return QueueWork.objects.get(queue=queue, reviewer=person).done_count


def test_what_is_on_somebodys_screen_goes_to_others_in_turn(queue, lead, people):
    ann, ben, cho = people
    held = [lease_next(reviewer=ann, queue=queue)]
    held.append(lease_next(reviewer=ann, queue=queue, but=[held[0].item.trace_id]))
    assert [(row.leased, row.meant) for row in open_by_queue(ann)] == [(2, 0)]
    moved = reassign_items(actor=lead, reviewer=ann, queue=queue, to=[cho, ben])
    assert moved == Moved(2, 0)
    given = list(Assignment.objects.filter(pk__in=[each.pk for each in held]).order_by("rank"))
    assert [(each.meant_for, each.state, each.reviewer) for each in given] == [(ben, "open", None), (cho, "open", None)]
    assert [(row.leased, row.meant) for row in open_by_queue(ben)] == [(0, 1)]
    # Ann's page finds out when it submits, and is handed none of them again.
    item = QueueItem.objects.select_related("queue", "trace").get(pk=held[0].item_id)
    with pytest.raises(GoneItemError):
        decide_item(reviewer=ann, item=item, submitted=Submitted(ACCEPT, uuid.uuid4(), held[0].token))
    assert lease_next(reviewer=ann, queue=queue).item_id not in {each.item_id for each in held}
    assert lease_next(reviewer=ben, queue=queue).item_id == held[0].item_id
    assert AuditEvent.objects.get(verb="queue.reassign").data["to"] == ["ben", "cho"]


def test_with_nobody_named_it_goes_to_whoever_else_is_next(queue, lead, people):
    ann, ben, _ = people
    held = lease_next(reviewer=ann, queue=queue)
    assert reassign_items(actor=lead, reviewer=ann, queue=queue, to=[]) == Moved(1, 1)
    assert lease_next(reviewer=ann, queue=queue).item_id != held.item_id
    assert lease_next(reviewer=ben, queue=queue).item_id == held.item_id
    assert reassign_items(actor=lead, reviewer=people[2], queue=queue, to=[]) == Moved(0, 0)


def test_who_has_had_a_part_in_an_item_is_not_given_it(lead, people):
    ann, ben, cho = people
    queue = queue_of(lead, make_traces(1), reviews_each=2)
    item = queue.items.get()
    decide(ben, item)
    lease_next(reviewer=ann, queue=queue)
    assert reassign_items(actor=lead, reviewer=ann, queue=queue, to=[ben]) == Moved(1, 1)
    assert lease_next(reviewer=ben, queue=queue) is None
    assert lease_next(reviewer=cho, queue=queue).item == item


def test_what_is_meant_for_others_is_no_work_of_mine_and_skipped_it_is_anybodys(queue, lead, people):
    ann, ben, cho = people
    while (found := lease_next(reviewer=ann, queue=queue, but=Assignment.objects.filter(reviewer=ann).values_list(
        "item__trace", flat=True
    ))) is not None:  # fmt: skip
        assert found.reviewer_id == ann.pk
    assert reassign_items(actor=lead, reviewer=ann, queue=queue, to=[ben]) == Moved(4, 0)
    assert lease_next(reviewer=cho, queue=queue) is None
    assert why_nothing(queue, cho) == Nothing.WAITS
    mine = lease_next(reviewer=ben, queue=queue)
    # Leaving the page keeps it his; passing it over does not.
    release_assignments(reviewer=ben, tokens=[mine.token])
    assert lease_next(reviewer=cho, queue=queue) is None
    assert lease_next(reviewer=ben, queue=queue) == mine
    assert skip_item(reviewer=ben, item=item_of(queue, mine.item.trace))
    assert lease_next(reviewer=cho, queue=queue).item == mine.item


def test_who_leaves_the_queue_leaves_what_was_meant_for_them(queue, lead, people):
    ann, ben, cho = people
    lease_next(reviewer=ann, queue=queue)
    reassign_items(actor=lead, reviewer=ann, queue=queue, to=[ben])
    change_queue(actor=lead, queue=queue, title="A queue", due_on=None, members=[ann, cho])
    assert not Assignment.objects.filter(meant_for__isnull=False).exists()


def test_reopened_items_are_voided_and_decided_once_more_by_whom_is_named(queue, lead, people):
    ann, ben, _ = people
    item = queue.items.order_by("rank").first()
    decide(ann, item)
    key = uuid.uuid4()
    event, moved = reopen_items(actor=lead, reviewer=ann, draft=draft(queue, key), to=[ben])
    assert (event.queue, event.review_count, moved) == (queue, 1, Moved(1, 0))
    again, nothing = reopen_items(actor=lead, reviewer=ann, draft=draft(queue, key), to=[ben])
    assert (again, nothing) == (event, Moved(0, 0)), "the same form again does nothing more"
    item.refresh_from_db()
    assert (item.done_count, work(queue, ann), Trace.objects.get(pk=item.trace_id).decision) == (0, 0, "")
    assert lease_item(reviewer=ann, item=item_of(queue, item.trace)) is None
    decide(ben, item)
    item.refresh_from_db()
    assert (item.done_count, item.quota, work(queue, ben)) == (1, 1, 1)
    # Restored, the first review counts beside the second.
    restore_reviews(actor=lead, void=event, key=uuid.uuid4())
    standing = Review.objects.filter(superseded_by=None).exclude(decision="withdraw")
    assert set(standing.values_list("reviewer", flat=True)) == {ann.pk, ben.pk}


def test_the_same_person_can_be_asked_again(queue, lead, people):
    ann, ben, _ = people
    item = queue.items.order_by("rank").first()
    decide(ann, item)
    reopen_items(actor=lead, reviewer=ann, draft=draft(), to=[ann])
    assert lease_next(reviewer=ann, queue=queue).item == item
    assert lease_next(reviewer=ben, queue=queue).item != item


def test_only_the_named_queue_is_reopened(queue, lead, people):
    ann = people[0]
    other = queue_of(lead, make_traces(1))
    decide(ann, queue.items.order_by("rank").first())
    decide(ann, other.items.get())
    event, moved = reopen_items(actor=lead, reviewer=ann, draft=draft(other), to=[])
    assert (event.review_count, moved, work(queue, ann), work(other, ann)) == (1, Moved(1, 1), 1, 0)
