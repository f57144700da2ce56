"""Who is handed which item of a queue: exact quotas, nothing twice, nothing lost, nobody left waiting."""

import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models.functions import Now

from tests.queues import ChanceReviewer, decide, item_of, make_traces, queue_of
from trajectories.models import Assignment, Queue, QueueItem, QueueSkip, QueueWork, Review
from trajectories.selectors.queues import Nothing, why_nothing
from trajectories.services.curation.assignments import (
    lease_item,
    lease_next,
    release_assignments,
    renew_assignments,
    skip_item,
)
from trajectories.services.curation.decisions import undo_in_queue
from trajectories.services.curation.queues import steer_queue


@pytest.fixture
def traces(db):
    return make_traces(4)


def take(reviewer, queue, **values):
    found = lease_next(reviewer=reviewer, queue=queue, **values)
    return found and found.item.trace


def expire():
    Assignment.objects.filter(state="leased").update(expires_at=Now() - timedelta(seconds=1))


def test_two_reviewers_get_different_items_and_each_keeps_theirs(traces, curator, lead):
    queue = queue_of(lead, traces)
    newest = traces[::-1]
    assert [take(curator, queue), take(lead, queue), take(curator, queue)] == [newest[0], newest[1], newest[0]]


def test_the_one_ahead_is_leased_beside_the_one_on_the_screen(traces, curator, lead):
    queue = queue_of(lead, traces)
    first = lease_next(reviewer=curator, queue=queue)
    second = lease_next(reviewer=curator, queue=queue, but=[first.item.trace_id])
    assert (first.item.trace, second.item.trace) == (traces[3], traces[2])
    assert take(lead, queue) == traces[1]


def test_a_page_names_the_lease_that_it_fetches_ahead_so_that_it_can_let_go_of_it_unheard(traces, curator, lead):
    queue = queue_of(lead, traces)
    first = lease_next(reviewer=curator, queue=queue)
    token = uuid.uuid4()
    ahead = lease_next(reviewer=curator, queue=queue, but=[first.item.trace_id], token=token)
    assert ahead.token == token
    release_assignments(reviewer=curator, tokens=[token])
    assert take(lead, queue) == ahead.item.trace


def test_an_item_is_handed_to_as_many_people_as_its_quota_and_to_no_one_twice(traces, curator, lead, engineer):
    queue = queue_of(lead, traces[:1], reviews_each=2)
    item = item_of(queue, traces[3])
    assert {take(curator, queue), take(lead, queue)} == {traces[3]}
    assert take(engineer, queue) != traces[3]
    decide(curator, item)
    assert take(curator, queue) != traces[3]
    decide(lead, item)
    item.refresh_from_db()
    assert (item.done_count, item.quota, Review.objects.filter(trace=traces[3], queue=queue).count()) == (2, 2, 2)


def test_a_lease_that_has_expired_is_free_at_once_and_one_that_is_renewed_is_not(traces, curator, lead):
    queue = queue_of(lead, traces)
    mine = lease_next(reviewer=curator, queue=queue)
    expire()
    assert renew_assignments(reviewer=curator, tokens=[mine.token]) == {mine.token}
    assert take(lead, queue) == traces[2]
    expire()
    skip_item(reviewer=lead, item=item_of(queue, traces[2]))
    assert take(lead, queue) == traces[3]
    assert renew_assignments(reviewer=curator, tokens=[mine.token]) == set()


def test_what_is_released_is_free_at_once_and_only_its_holder_can_release_it(traces, curator, lead):
    queue = queue_of(lead, traces)
    mine = lease_next(reviewer=curator, queue=queue)
    release_assignments(reviewer=lead, tokens=[mine.token])
    assert take(lead, queue) == traces[2]
    release_assignments(reviewer=curator, tokens=[mine.token])
    mine.refresh_from_db()
    assert (mine.state, mine.reviewer, mine.token) == ("open", None, None)


def test_what_is_skipped_comes_again_only_when_asked_for_and_to_others_at_once(traces, curator, lead):
    queue = queue_of(lead, traces)
    for trace in traces[::-1]:
        assert take(curator, queue) == trace
        assert skip_item(reviewer=curator, item=item_of(queue, trace), reason="unsure")
    assert take(curator, queue) is None
    assert why_nothing(queue, curator) == Nothing.SKIPPED
    assert QueueWork.objects.get(reviewer=curator).skipped_count == 4
    assert take(lead, queue) == traces[3]
    assert take(curator, queue, skipped=True) == traces[2]
    decide(curator, item_of(queue, traces[2]))
    assert QueueSkip.objects.filter(reviewer=curator).count() == 3


def test_skipping_what_is_not_on_ones_screen_changes_nothing(traces, curator, lead):
    queue = queue_of(lead, traces)
    take(lead, queue)
    assert not skip_item(reviewer=curator, item=item_of(queue, traces[3]))
    assert not QueueSkip.objects.exists()
    assert Assignment.objects.get(item__trace=traces[3]).reviewer == lead


def test_nothing_is_handed_out_while_a_queue_is_paused_or_closed(traces, curator, lead):
    queue = queue_of(lead, traces)
    for verb, state in (("pause", Nothing.PAUSED), ("close", Nothing.CLOSED)):
        assert steer_queue(actor=lead, queue=queue, verb=verb)
        queue.refresh_from_db()
        assert take(curator, queue) is None
        assert why_nothing(queue, curator) == state
    assert not steer_queue(actor=lead, queue=queue, verb="pause")
    assert steer_queue(actor=lead, queue=queue, verb="reopen")
    queue.refresh_from_db()
    assert take(curator, queue) == traces[3]


def test_why_there_is_nothing_is_said_truly(traces, curator, lead):
    queue = queue_of(lead, traces, reviews_each=2)
    for trace in traces:
        decide(curator, item_of(queue, trace))
    assert take(curator, queue) is None
    assert why_nothing(queue, curator) == Nothing.WAITS
    single = queue_of(lead, make_traces(1))
    take(lead, single)
    assert take(curator, single) is None
    assert why_nothing(single, curator) == Nothing.OTHERS
    decide(lead, single.items.get())
    assert why_nothing(single, curator) == Nothing.DONE


def test_an_item_with_room_can_be_opened_by_its_address_and_a_full_one_cannot(traces, curator, lead):
    queue = queue_of(lead, traces)
    item = item_of(queue, traces[1])
    assert lease_item(reviewer=curator, item=item).item == item
    assert lease_item(reviewer=lead, item=item) is None
    assert take(curator, queue) == traces[1]


def test_in_random_order_everybody_starts_elsewhere_and_gets_everything(lead, curator):
    traces = make_traces(12)
    queue = queue_of(lead, traces, item_order=Queue.Order.RANDOM, reviews_each=2)
    orders = []
    for person in (lead, curator):
        seen = []
        while (found := lease_next(reviewer=person, queue=queue)) is not None:
            seen.append(found.item.trace_id)
            decide(person, found.item)
        orders.append(seen)
    assert [sorted(order) for order in orders] == [sorted(trace.pk for trace in traces)] * 2
    assert orders[0] != sorted(orders[0])
    # One circle, entered at two places.
    at = orders[1].index(orders[0][0])
    assert orders[1][at:] + orders[1][:at] == orders[0]


@pytest.mark.django_db(transaction=True)
def test_the_last_item_is_waited_for_where_somebody_is_writing_to_it(curator, lead):
    queue = queue_of(lead, make_traces(1))

    def look():
        try:
            return lease_next(reviewer=curator, queue=queue)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Assignment.objects.select_for_update().get()
            found = pool.submit(look)
            with pytest.raises(TimeoutError):
                found.result(timeout=0.5)
        assert found.result(timeout=30) is not None


PEOPLE, ITEMS = 50, 60


class Client(ChanceReviewer):
    """A reviewer who leases ahead, decides, skips, undoes, leaves, and lets leases run out, as chance has it."""

    def _step(self) -> bool:
        found = lease_next(reviewer=self.person, queue=self.queue)
        if found is None:
            return self._has_more()
        ahead = lease_next(reviewer=self.person, queue=self.queue, but=[found.item.trace_id])
        draw = self.chance.random()
        if draw < 0.1:
            skip_item(reviewer=self.person, item=found.item)
        elif draw < 0.2:
            release_assignments(reviewer=self.person, tokens=[found.token])
        elif draw < 0.3:
            Assignment.objects.filter(pk=found.pk, reviewer=self.person, state="leased").update(expires_at=Now())
        else:
            key = uuid.uuid4()
            decide(self.person, found.item)
            if draw > 0.95:
                undo_in_queue(reviewer=self.person, queue=self.queue, key=key)
        if ahead is not None and self.chance.random() < 0.2:
            release_assignments(reviewer=self.person, tokens=[ahead.token])
        return True

    def _has_more(self) -> bool:
        """ "Nothing" is the truth: what is left is on others' screens, or was passed over, which is gone through."""
        why = why_nothing(self.queue, self.person)
        if why == Nothing.SKIPPED:
            found = lease_next(reviewer=self.person, queue=self.queue, skipped=True)
            if found is not None:
                decide(self.person, found.item)
            return True
        return why == Nothing.OTHERS


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("order", [Queue.Order.RANDOM, Queue.Order.NEWEST])
def test_fifty_people_at_once_give_every_item_exactly_its_quota(order, lead):
    queue = queue_of(lead, make_traces(ITEMS), reviews_each=2, doubled_percent=30, item_order=order)
    people = [User.objects.create_superuser(f"reviewer{number}") for number in range(PEOPLE)]
    clients = [Client(person, queue, seed) for seed, person in enumerate(people)]
    threads = [threading.Thread(target=client.work) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=300)
    assert not any(thread.is_alive() for thread in threads)
    assert [client.fault for client in clients if client.fault] == []

    items = list(QueueItem.objects.filter(queue=queue))
    assert {item.quota for item in items} == {2, 4}
    given = Counter(
        Review.objects.filter(queue=queue, superseded_by=None)
        .exclude(decision="withdraw")
        .values_list("trace", flat=True)
    )
    assert given == {item.trace_id: item.quota for item in items}
    assert all(item.done_count == item.quota for item in items)
    done = list(Assignment.objects.filter(queue=queue).values_list("item", "reviewer", "state"))
    assert {state for *_, state in done} == {"done"}
    assert max(Counter((item, reviewer) for item, reviewer, _ in done).values()) == 1
    queue.refresh_from_db()
    kept = sum(QueueWork.objects.filter(queue=queue).values_list("done_count", flat=True))
    assert kept == queue.review_count == sum(item.quota for item in items)
    # Nobody starves: while so much waits, everybody gets some of it.
    assert QueueWork.objects.filter(queue=queue).count() == PEOPLE


def test_what_a_page_releases_on_leaving_is_not_what_the_next_page_holds(traces, curator, lead):
    """A browser tells of leaving a page only after it has asked for the next one."""
    queue = queue_of(lead, traces)
    before = lease_next(reviewer=curator, queue=queue)
    again = lease_next(reviewer=curator, queue=queue)
    assert (again.item_id, again.token == before.token) == (before.item_id, False)
    opened = lease_item(reviewer=curator, item=again.item)
    release_assignments(reviewer=curator, tokens=[before.token, again.token])
    assert Assignment.objects.get(pk=opened.pk).state == "leased"
    assert lease_item(reviewer=curator, item=again.item, same_page=True).token == opened.token
