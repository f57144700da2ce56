"""Which traces get into a queue, in which order, and that live ones take up what comes to match."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from tests import factories
from tests.queues import make_traces, queue_of
from trajectories.core.curation.schemas import Blinding
from trajectories.core.faults import Fault
from trajectories.core.selections import Selection
from trajectories.models import Assignment, Queue, QueueItem, Scorer, Trace
from trajectories.services.curation import filling
from trajectories.services.curation.filling import SETTLING, fill_queue, queues_to_fill
from trajectories.services.curation.queues import steer_queue


def order_of(queue):
    return list(QueueItem.objects.filter(queue=queue).order_by("rank", "pk").values_list("trace", flat=True))


def test_only_what_matched_as_it_was_made_is_in_a_queue_that_is_not_live(lead):
    traces = make_traces(3, correctness="pass")
    factories.make_trace(run=traces[0].run, correctness="fail")
    queue = queue_of(lead, traces, selection=Selection(run=traces[0].run_id, correctness="pass"))
    later = factories.make_trace(run=traces[0].run, correctness="pass")
    assert fill_queue(queue_id=queue.pk) == 0
    assert sorted(order_of(queue)) == [trace.pk for trace in traces]
    assert later.pk not in order_of(queue)
    assert queues_to_fill() == []


def test_a_live_queue_takes_up_what_is_sampled_or_verified_later(lead):
    traces = make_traces(2, correctness="pass")
    waiting = factories.make_trace(run=traces[0].run)
    queue = queue_of(lead, traces, is_live=True, selection=Selection(run=traces[0].run_id, correctness="pass"))
    Queue.objects.update(marked_at=Now() - 2 * SETTLING)
    assert queues_to_fill() == []
    # Its verdict comes in: a newer row says that there may be something.
    Trace.objects.filter(pk=waiting.pk).update(correctness="pass")
    factories.make_verdict(trace=waiting)
    assert queues_to_fill() == [queue.pk]
    assert fill_queue(queue_id=queue.pk) == 1
    assert queues_to_fill() == [queue.pk], "a row with a lower id may still become visible"
    assert fill_queue(queue_id=queue.pk) == 0
    Queue.objects.update(marked_at=Now() - SETTLING - timedelta(seconds=1))
    assert queues_to_fill() == []
    queue.refresh_from_db()
    assert (queue.item_count, queue.review_count) == (3, 3)


def test_a_closed_queue_takes_nothing_up_and_one_that_is_reopened_does(lead):
    traces = make_traces(1)
    queue = queue_of(lead, traces, is_live=True)
    steer_queue(actor=lead, queue=queue, verb="close")
    factories.make_trace(run=traces[0].run)
    assert queues_to_fill() == []
    assert fill_queue(queue_id=queue.pk) == 0
    steer_queue(actor=lead, queue=queue, verb="reopen")
    assert fill_queue(queue_id=queue.pk) == 1


def test_a_long_selection_begins_at_once_and_is_taken_up_to_the_last(lead, monkeypatch):
    monkeypatch.setattr(filling, "CHUNK", 2)
    traces = make_traces(7)
    monkeypatch.setattr("trajectories.services.curation.queues.ring", lambda *_: None)
    queue = queue_of(lead, traces)
    assert (queue.item_count, queue.is_filling) == (4, True)
    assert queues_to_fill() == [queue.pk]
    assert fill_queue(queue_id=queue.pk) == 3
    queue.refresh_from_db()
    assert (queue.item_count, queue.review_count, queue.is_filling) == (7, 7, False)
    assert fill_queue(queue_id=queue.pk) == 0


def test_the_share_that_is_doubled_gets_twice_as_many_reviews(lead):
    queue = queue_of(lead, make_traces(60), reviews_each=2, doubled_percent=50)
    quotas = list(QueueItem.objects.filter(queue=queue).values_list("quota", flat=True))
    assert set(quotas) == {2, 4}
    assert 15 < quotas.count(4) < 45
    assert Assignment.objects.filter(queue=queue).count() == sum(quotas) == queue.review_count
    assert {item.quota for item in queue_of(lead, make_traces(5), doubled_percent=100).items.all()} == {2}


def test_orders_are_what_they_say(lead):
    run, problems = factories.make_run(), [factories.make_problem() for _ in range(2)]
    traces = [factories.make_trace(run=run, problem=problems[number % 2]) for number in range(4)]
    Trace.objects.filter(pk=traces[1].pk).update(disputed=True)
    factories.make_verdict(trace=traces[2], verifier="arc_test", outcome="fail")
    factories.make_verdict(trace=traces[2], verifier="arc_train", outcome="pass")
    factories.make_verdict(trace=traces[3], verifier="arc_test", outcome="fail", version=1)
    factories.make_verdict(trace=traces[3], verifier="arc_test", outcome="pass", version=2)
    keys = [trace.pk for trace in traces]

    def order(word):
        return order_of(queue_of(lead, traces, item_order=word))

    assert order(Queue.Order.NEWEST) == keys[::-1]
    assert order(Queue.Order.PROBLEM) == [keys[0], keys[2], keys[1], keys[3]]
    assert order(Queue.Order.DISAGREEMENT) == [keys[1], keys[0], keys[2], keys[3]]
    assert order(Queue.Order.CONFLICT) == [keys[2], keys[0], keys[1], keys[3]]
    assert sorted(order(Queue.Order.RANDOM)) == keys


def test_split_votes_come_before_unanimous_ones(lead):
    run, split, agreed = factories.make_run(), factories.make_problem(), factories.make_problem()
    unanimous = [factories.make_trace(run=run, problem=agreed, answer_hash="same") for _ in range(4)]
    even = [factories.make_trace(run=run, problem=split, answer_hash=word) for word in "aabb"]
    found = order_of(queue_of(lead, [*unanimous, *even], item_order=Queue.Order.UNCERTAIN))
    assert found == [trace.pk for trace in (*even, *unanimous)]


def test_a_scorer_orders_a_queue_and_what_it_scores_later_gets_its_place(lead):
    traces = make_traces(4)
    Scorer.objects.create(name="told", version=1, state="finished")
    for trace, score in zip(traces[:3], (0.9, 0.2, 0.55), strict=True):
        factories.make_verdict(trace=trace, verifier="scorer:told", outcome="unscored", score=score)
    high, low, middle, late = (trace.pk for trace in traces)

    def queue(word, **values):
        return queue_of(lead, traces, item_order=word, scorer_name="told", **values)

    seen = {"blinding": Blinding(reviews=False)}
    assert order_of(queue(Queue.Order.UNSURE)) == [middle, low, high, late]
    assert order_of(queue(Queue.Order.UNLIKELY, **seen)) == [low, middle, high, late]
    assert order_of(queue(Queue.Order.LIKELY, **seen)) == [high, middle, low, late]
    live = queue(Queue.Order.UNSURE, is_live=True)
    factories.make_verdict(trace=traces[3], verifier="scorer:told", outcome="unscored", score=0.5)
    fill_queue(queue_id=live.pk)
    assert order_of(live) == [late, middle, low, high]
    waiting = Assignment.objects.filter(queue=live).order_by("rank").values_list("item__trace", flat=True)
    assert list(waiting) == [late, middle, low, high]
    with pytest.raises(Fault, match="hidden here, and the place of a trace would tell it"):
        queue(Queue.Order.LIKELY)
    with pytest.raises(Fault, match="Scorer: found 'other', expected one that is trained"):
        queue_of(lead, traces, item_order=Queue.Order.UNSURE, scorer_name="other")


@pytest.mark.django_db(transaction=True)
def test_the_tasks_fill_what_they_are_rung_for(lead, monkeypatch):
    from trajectories.tasks.queues import fill_queue as task
    from trajectories.tasks.queues import sweep_queues

    monkeypatch.setattr(filling, "CHUNK", 2)
    rung = []
    monkeypatch.setattr(task, "delay", rung.append)
    queue = queue_of(lead, make_traces(5))
    assert rung == [queue.pk]
    sweep_queues()
    assert rung == [queue.pk, queue.pk]
    task(queue.pk)
    assert QueueItem.objects.filter(queue=queue).count() == 5
