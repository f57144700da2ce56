"""Decisions on items: counted once, taken back one by one, and never lost to another way of deciding."""

import uuid

import pytest

from tests.queues import ACCEPT, decide, item_of, make_traces, queue_of
from trajectories.core.curation.reviews import Decision, ReviewDraft, ReviewError
from trajectories.core.curation.schemas import DecisionSchema
from trajectories.models import Assignment, AuditEvent, QueueFlag, QueueWork, Review, Trace
from trajectories.services.curation.assignments import lease_item, lease_next, release_assignments
from trajectories.services.curation.decisions import (
    UNDONE_AT_MOST,
    Submitted,
    decide_item,
    flag_item,
    settle_flag,
    undo_in_queue,
)
from trajectories.services.curation.queues import steer_queue
from trajectories.services.curation.reviews import submit_review, undo_last_review

REJECT = ReviewDraft(Decision.REJECT, reason="lucky")


def undo(reviewer, queue, key=None):
    return undo_in_queue(reviewer=reviewer, queue=queue, key=key or uuid.uuid4())


def kept(item):
    item.refresh_from_db()
    return item.done_count, sum(QueueWork.objects.filter(queue=item.queue_id).values_list("done_count", flat=True))


@pytest.fixture
def queue(lead, curator):
    return queue_of(lead, make_traces(2))


def test_the_same_form_again_is_the_same_decision(queue, curator):
    item = queue.items.select_related("queue", "trace").first()
    sent = Submitted(ACCEPT, uuid.uuid4(), None)
    first, second = (decide_item(reviewer=curator, item=item, submitted=sent) for _ in range(2))
    assert first == second
    assert (Review.objects.count(), kept(item)) == (1, (1, 1))


def test_undo_goes_back_one_by_one_and_each_item_is_counted_again_once_decided(queue, curator):
    items = [lease_next(reviewer=curator, queue=queue).item for _ in range(1)]
    decide(curator, items[0])
    items.append(lease_next(reviewer=curator, queue=queue).item)
    decide(curator, items[1], REJECT)
    key = uuid.uuid4()
    assert undo(curator, queue, key).item == items[1]
    assert undo(curator, queue, key).item == items[1], "the same form takes nothing more back"
    assert undo(curator, queue).item == items[0]
    assert undo(curator, queue) is None
    assert [kept(item) for item in items] == [(0, 0), (0, 0)]
    assert {trace.decision for trace in Trace.objects.all()} == {""}
    decide(curator, items[1])
    assert kept(items[1]) == (1, 1)
    assert Assignment.objects.filter(queue=queue).count() == 2


def test_only_the_newest_decisions_can_be_taken_back(lead, curator):
    queue = queue_of(lead, make_traces(UNDONE_AT_MOST + 2))
    while (found := lease_next(reviewer=curator, queue=queue)) is not None:
        decide(curator, found.item)
    taken = 0
    while undo(curator, queue) is not None:
        taken += 1
    assert taken == UNDONE_AT_MOST


def test_a_withdrawal_on_the_trace_page_makes_the_item_wanted_again(queue, curator):
    item = queue.items.select_related("queue", "trace").first()
    decide(curator, item)
    undo_last_review(reviewer=curator, key=uuid.uuid4(), trace=item.trace)
    assert kept(item) == (0, 0)
    assert Assignment.objects.get(item=item).state == "leased"


def test_one_reviews_a_trace_in_two_queues_and_each_counts_it(lead, curator):
    traces = make_traces(1)
    queues = [queue_of(lead, traces) for _ in range(2)]
    items = [item_of(queue, traces[0]) for queue in queues]
    for item in items:
        decide(curator, item)
    assert [kept(item) for item in items] == [(1, 1), (1, 1)]
    assert Review.objects.filter(superseded_by=None).count() == 1
    # Taken back, nothing of theirs stands on the trace: both want it again.
    undo(curator, queues[1])
    assert [kept(item) for item in items] == [(0, 0), (0, 0)]


def test_a_review_from_before_the_queue_does_not_count_for_it(lead, curator):
    traces = make_traces(1)
    submit_review(reviewer=curator, trace=traces[0], draft=ACCEPT, key=uuid.uuid4())
    queue = queue_of(lead, traces)
    item = lease_next(reviewer=curator, queue=queue).item
    decide(curator, item, REJECT)
    assert Review.objects.get(superseded_by=None).queue == queue
    assert kept(item) == (1, 1)


@pytest.mark.parametrize(
    ("draft", "part"),
    [
        (ReviewDraft(Decision.REJECT, reason="lucky"), "reason"),
        (ReviewDraft(Decision.ACCEPT), "scores"),
        (ReviewDraft(Decision.ACCEPT, scores={"Clarity": 6}), "scores"),
        (ReviewDraft(Decision.ACCEPT, scores={"Clarity": 3, "Beauty": 3}), "scores"),
        (ReviewDraft(Decision.ACCEPT, scores={"Clarity": 3}, tags=["odd"]), "tags"),
        (ReviewDraft(Decision.ACCEPT, scores={"Clarity": 3}, step_labels={"9": "good"}), "step_labels"),
    ],
)
def test_what_is_no_answer_to_the_queue_is_refused_and_changes_nothing(lead, curator, draft, part):
    schema = DecisionSchema(reasons=("Units",), scores=("Clarity",), tags=("neat",))
    queue = queue_of(lead, make_traces(1), schema=schema)
    item = lease_next(reviewer=curator, queue=queue).item
    with pytest.raises(ReviewError) as caught:
        decide(curator, item, draft)
    assert caught.value.field == part
    assert (Review.objects.count(), kept(item)) == (0, (0, 0))


def test_gold_answers_are_compared_taken_back_and_audited_and_are_no_reviews(lead, curator):
    traces = make_traces(1)
    submit_review(reviewer=lead, trace=traces[0], draft=ACCEPT, key=uuid.uuid4())
    queue = queue_of(lead, traces, gold_count=1, gold_every=2)
    gold = item_of(queue, traces[0])
    Assignment.objects.create(
        queue=queue, item=gold, number=1, is_gold=True, state="leased", reviewer=curator, token=uuid.uuid4(),
        expires_at=gold.created_at,
    )  # fmt: skip
    QueueWork.objects.create(queue=queue, reviewer=curator)
    decide(curator, gold, REJECT)
    work = QueueWork.objects.get()
    assert (work.gold_count, work.gold_right) == (1, 0)
    assert Trace.objects.get().decision == "accepted"
    assert undo(curator, queue).item == gold
    decide(curator, gold, ACCEPT)
    work.refresh_from_db()
    assert (work.gold_count, work.gold_right, Review.objects.count()) == (1, 1, 1)
    verbs = AuditEvent.objects.filter(actor=curator).order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["gold.reject", "gold.withdraw", "gold.accept"]


@pytest.mark.parametrize("training", [0, 1])
def test_a_gold_item_that_was_let_go_of_is_there_again_as_any_other_is(lead, curator, training):
    traces = make_traces(3)
    submit_review(reviewer=lead, trace=traces[0], draft=ACCEPT, key=uuid.uuid4())
    queue = queue_of(lead, traces, gold_count=1, gold_every=0 if training else 2, training_count=training)
    gold, other = item_of(queue, traces[0]), item_of(queue, traces[1])
    for item in (gold, other):
        # Opened by its address, left, and opened again by the back button.
        for _ in range(2):
            leased = lease_item(reviewer=curator, item=item)
            assert leased.item_id == item.pk
            assert leased.token
            release_assignments(reviewer=curator, tokens=[leased.token])
        # A decision that comes in after its page has let go of the item is taken.
        assert decide(curator, item, ACCEPT).state == "done"
    work = QueueWork.objects.get()
    assert (work.gold_count, work.gold_right, work.done_count) == (1, 1, 1)
    steer_queue(actor=lead, queue=queue, verb="pause")
    assert lease_item(reviewer=lead, item=item_of(queue, traces[0])) is None


def test_a_question_replaces_the_open_one_of_the_same_person_and_is_settled_once(queue, curator, lead):
    item = queue.items.first()
    for note in ("One?", " Two? "):
        flag = flag_item(reviewer=curator, item=item, note=note)
    assert QueueFlag.objects.get().note == "Two?"
    assert [settle_flag(actor=lead, flag=flag) for _ in range(2)] == [True, False]
    flag_item(reviewer=curator, item=item, note="Three?")
    assert QueueFlag.objects.count() == 2
    with pytest.raises(ReviewError):
        flag_item(reviewer=curator, item=item, note=" ")
