"""Queues after somebody's reviews were voided: what was theirs is handed out again, and comes back with an undo."""

import uuid
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from tests.queues import decide, item_of, make_traces, queue_of
from trajectories.core.curation.adjudications import FinalDecision, FinalDraft
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.models import Assignment, Queue, QueueItem, QueueWork, Review
from trajectories.selectors.queues import Nothing, why_nothing
from trajectories.services.curation.adjudications import adjudicate, known_of
from trajectories.services.curation.assignments import lease_next
from trajectories.services.curation.decisions import undo_in_queue
from trajectories.services.curation.voids import restore_reviews, void_reviews

REJECT = ReviewDraft(Decision.REJECT, reason="lucky", seconds=3.0)


@pytest.fixture
def traces(db):
    return make_traces(3)


def void(actor, reviewer, hours=1):
    since = timezone.now() - timedelta(hours=hours)
    return void_reviews(actor=actor, reviewer=reviewer, since=since, reason="Guessing.", key=uuid.uuid4())


def restore(actor, event):
    return restore_reviews(actor=actor, void=event, key=uuid.uuid4())


def work(queue, person):
    found = QueueWork.objects.get(queue=queue, reviewer=person)
    return found.done_count, round(found.seconds, 6)


def assert_exact(queue):
    """Kept counts are what the rows say, no item has more than its quota, each done row names the word that stands."""
    for item in QueueItem.objects.filter(queue=queue, is_gold=False):
        rows = list(item.assignments.select_related("review"))
        done = [row for row in rows if row.state == "done"]
        assert (len(rows), len(done)) == (item.quota, item.done_count)
        for row in done:
            assert row.review.decision != "withdraw"
            assert not Review.objects.filter(supersedes=row.review).exists()
    for each in QueueWork.objects.filter(queue=queue):
        done = Assignment.objects.filter(queue=queue, reviewer=each.reviewer_id, state="done", is_gold=False)
        assert (done.count(), sum(row.seconds or 0 for row in done)) == (each.done_count, pytest.approx(each.seconds))


def all_decided(queue, person):
    while (found := lease_next(reviewer=person, queue=queue)) is not None:
        decide(person, found.item, ReviewDraft(Decision.ACCEPT, seconds=2.0))


def test_what_was_voided_is_handed_out_again_to_others_and_to_the_same_person(traces, lead, curator, engineer):
    queue = queue_of(lead, traces)
    all_decided(queue, curator)
    assert why_nothing(queue, engineer) == Nothing.DONE
    void(lead, curator)
    assert work(queue, curator) == (0, 0.0)
    assert_exact(queue)
    assert lease_next(reviewer=engineer, queue=queue).item.trace == traces[2]
    assert lease_next(reviewer=curator, queue=queue).item.trace == traces[1]


def test_what_was_decided_before_that_moment_stays_given(traces, lead, curator):
    queue = queue_of(lead, traces)
    decide(curator, item_of(queue, traces[0]))
    since = timezone.now()
    decide(curator, item_of(queue, traces[1]))
    void_reviews(actor=lead, reviewer=curator, since=since, reason="", key=uuid.uuid4())
    assert [item_of(queue, trace).done_count for trace in traces] == [1, 0, 0]
    assert_exact(queue)


def test_an_undo_gives_everything_back_where_nobody_has_taken_it(traces, lead, curator):
    queue = queue_of(lead, traces)
    all_decided(queue, curator)
    before = work(queue, curator)
    rows = set(Assignment.objects.values_list("id", "state", "reviewer"))
    event = void(lead, curator)
    restore(lead, event)
    assert (work(queue, curator), set(Assignment.objects.values_list("id", "state", "reviewer"))) == (before, rows)
    assert_exact(queue)
    # It can be voided and restored again, and its person can undo what they decide next.
    again = void(lead, curator)
    assert work(queue, curator)[0] == 0
    restore(lead, again)
    assert work(queue, curator) == before
    assert_exact(queue)


def test_what_others_gave_or_are_looking_at_meanwhile_stays_theirs(traces, lead, curator, engineer):
    queue = queue_of(lead, traces)
    all_decided(queue, curator)
    event = void(lead, curator)
    decide(engineer, lease_next(reviewer=engineer, queue=queue).item)
    looking = lease_next(reviewer=engineer, queue=queue)
    restore(lead, event)
    assert work(queue, curator)[0] == 1
    assert_exact(queue)
    looking.refresh_from_db()
    assert (looking.state, looking.reviewer) == ("leased", engineer)
    # The reviews of the others' two stand beside, outside of the quota.
    assert Review.objects.filter(reviewer=curator, superseded_by=None, decision="accept").count() == 3
    Assignment.objects.filter(pk=looking.pk).update(expires_at=Now() - timedelta(seconds=1))
    restore(lead, void(lead, curator))
    # Now that one is free again, but it was not this void that took it.
    assert_exact(queue)


def test_a_second_slot_serves_where_somebody_took_the_first(traces, lead, curator, engineer):
    queue = queue_of(lead, traces[:1], reviews_each=2)
    all_decided(queue, curator)
    event = void(lead, curator)
    decide(engineer, item_of(queue, traces[0]))
    restore(lead, event)
    item = item_of(queue, traces[0])
    assert item.done_count == item.quota == 2
    assert_exact(queue)


def test_what_the_person_decided_anew_or_has_on_the_screen(traces, lead, curator):
    queue = queue_of(lead, traces)
    all_decided(queue, curator)
    event = void(lead, curator)
    anew = lease_next(reviewer=curator, queue=queue)
    decide(curator, anew.item, REJECT)
    looking = lease_next(reviewer=curator, queue=queue)
    restore(lead, event)
    assert_exact(queue)
    assert work(queue, curator)[0] == 3
    assert Assignment.objects.get(pk=anew.pk).review.decision == "reject"
    assert Assignment.objects.get(pk=looking.pk).state == "done"


def test_every_queue_of_a_trace_hands_it_out_again(traces, lead, curator):
    queues = [queue_of(lead, traces), queue_of(lead, traces)]
    for queue in queues:
        decide(curator, item_of(queue, traces[0]))
    event = void(lead, curator)
    assert [item_of(queue, traces[0]).done_count for queue in queues] == [0, 0]
    restore(lead, event)
    assert [item_of(queue, traces[0]).done_count for queue in queues] == [1, 1]
    for queue in queues:
        assert_exact(queue)


def test_undo_after_a_void_takes_back_only_what_still_counts(traces, lead, curator):
    queue = queue_of(lead, traces)
    decide(curator, item_of(queue, traces[0]))
    void(lead, curator)
    assert undo_in_queue(reviewer=curator, queue=queue, key=uuid.uuid4()) is None
    decide(curator, item_of(queue, traces[1]))
    assert undo_in_queue(reviewer=curator, queue=queue, key=uuid.uuid4()).item.trace == traces[1]
    assert_exact(queue)


def test_a_final_decision_that_is_reopened_leaves_the_item_to_be_handed_out_where_a_review_is_missing(
    traces, lead, curator, engineer
):
    queue = queue_of(lead, traces[:1], reviews_each=2, item_order=Queue.Order.DISAGREEMENT)
    trace = traces[0]
    decide(curator, item_of(queue, trace))
    decide(engineer, item_of(queue, trace), REJECT)
    final = FinalDraft(FinalDecision.ACCEPT)
    adjudicate(actor=lead, trace=trace, draft=final, key=uuid.uuid4(), known=known_of(trace))
    void(lead, engineer)
    trace.refresh_from_db()
    assert trace.decision == "accepted"
    reopened = FinalDraft(FinalDecision.REOPEN)
    adjudicate(actor=lead, trace=trace, draft=reopened, key=uuid.uuid4(), known=known_of(trace))
    found = lease_next(reviewer=lead, queue=queue)
    assert found.item.trace == trace
    decide(lead, found.item, REJECT)
    trace.refresh_from_db()
    assert (trace.decision, trace.disputed) == ("rejected", True)
    assert_exact(queue)
