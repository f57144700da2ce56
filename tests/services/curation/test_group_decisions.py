"""Deciding on all samples of a problem at once: all or nothing, ordinary reviews, one undo."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import factories
from tests.queues import decide as decide_one
from tests.queues import item_of, make_traces, queue_of
from trajectories.core.curation.groups import GroupDraft, Mark
from trajectories.core.curation.reviews import Decision, ReviewDraft, ReviewError
from trajectories.core.curation.schemas import DecisionSchema, KnownDecision
from trajectories.core.faults import Fault
from trajectories.core.selections import Selection
from trajectories.models import Assignment, AuditEvent, Problem, Queue, QueueItem, QueueWork, Review, Trace
from trajectories.services.curation.decisions import DecidedElsewhereError
from trajectories.services.curation.group_decisions import (
    GoneGroupError,
    GroupSubmission,
    decide_group,
    undo_group,
)
from trajectories.services.curation.group_leases import lease_group, lease_next_group
from trajectories.services.curation.queues import QueueDraft, add_gold_item, make_queue
from trajectories.services.curation.reviews import submit_review

pytestmark = pytest.mark.django_db


@pytest.fixture
def some(db) -> list[Trace]:
    """Three samples of one problem."""
    return make_traces(3)


@pytest.fixture
def queue(lead, some) -> Queue:
    return queue_of(lead, some, by_problem=True)


def submit(person, queue, held, draft: GroupDraft, key=None, token=None) -> int:
    problem = Trace.objects.get(pk=held[0].item.trace_id).problem_id
    items = [each.item_id for each in held]
    sent = GroupSubmission(draft, items, key or uuid.uuid4(), token or held[0].token)
    return decide_group(reviewer=person, queue=queue, problem_id=problem, submitted=sent)


def keep(held, at: int = 0, **values) -> GroupDraft:
    """Keep one sample and reject the others."""
    samples = {each.item_id: Mark.KEEP if number == at else Mark.REJECT for number, each in enumerate(held)}
    return GroupDraft(samples=samples, **{"reason": "too_long", **values})


def standing() -> dict[int, tuple[str, str]]:
    found = Review.objects.filter(superseded_by=None).values_list("trace", "decision", "reason")
    return {trace: (word, reason) for trace, word, reason in found}


def test_one_is_kept_and_the_rest_is_rejected_in_ordinary_reviews(curator, some, queue):
    held = lease_next_group(reviewer=curator, queue=queue)
    assert submit(curator, queue, held, keep(held, comment="Short.", seconds=6.0)) == 3
    kept, *others = sorted(some, key=lambda trace: trace.pk)
    assert standing() == {kept.pk: ("accept", ""), **{trace.pk: ("reject", "too_long") for trace in others}}
    for trace in some:
        trace.refresh_from_db()
    assert [trace.decision for trace in (kept, *others)] == ["accepted", "rejected", "rejected"]
    assert Problem.objects.get(pk=kept.problem_id).accepted_count == 1
    review = Review.objects.filter(trace=kept).get()
    assert (review.queue, review.comment, review.seconds, review.guidelines.version) == (queue, "Short.", 2.0, 1)
    assert set(QueueItem.objects.values_list("done_count", flat=True)) == {1}
    work = QueueWork.objects.get(reviewer=curator)
    assert (work.done_count, work.seconds) == (3, 6.0)
    assert len(set(Assignment.objects.values_list("token", flat=True))) == 1
    events = AuditEvent.objects.filter(verb__startswith="review.").values_list("verb", "object_id")
    assert sorted(events) == sorted(
        [("review.accept", kept.pk), *(("review.reject", trace.pk) for trace in others)], key=lambda each: each
    )


def test_sent_twice_it_is_decided_once_and_a_key_of_something_else_is_refused(curator, some, queue, lead):
    held, key = lease_next_group(reviewer=curator, queue=queue), uuid.uuid4()
    for _ in range(2):
        assert submit(curator, queue, held, keep(held), key=key) == 3
    assert Review.objects.count() == 3
    other = queue_of(lead, make_traces(2), by_problem=True)
    elsewhere = lease_next_group(reviewer=curator, queue=other)
    with pytest.raises(ReviewError, match="already used"):
        submit(curator, other, elsewhere, keep(elsewhere), key=key)


def test_a_draft_that_answers_not_what_is_asked_stores_nothing(curator, queue):
    held = lease_next_group(reviewer=curator, queue=queue)
    for draft, said in (
        (GroupDraft(reason="lucky"), "Nothing is marked"),
        (keep(held, reason=""), "needs one"),
        (keep(held, reason="bored"), "expected one from the list"),
        (keep(held, reason="other"), "needs a comment"),
    ):
        with pytest.raises(ReviewError, match=said):
            submit(curator, queue, held, draft)
    assert not Review.objects.exists()
    assert set(Assignment.objects.values_list("state", flat=True)) == {"leased"}


def test_where_somebody_else_has_one_of_the_samples_none_is_decided(curator, lead, queue):
    held = lease_next_group(reviewer=curator, queue=queue)
    Assignment.objects.filter(pk=held[1].pk).update(reviewer=lead, token=uuid.uuid4())
    with pytest.raises(GoneGroupError, match="1 of these 3 samples went back"):
        submit(curator, queue, held, keep(held))
    assert not Review.objects.exists()


def test_a_lease_that_ran_out_or_was_released_is_taken_again_even_while_the_queue_is_paused(curator, queue):
    held = lease_next_group(reviewer=curator, queue=queue)
    Assignment.objects.filter(queue=queue).update(
        state="open", reviewer=None, token=None, expires_at=None, handed_at=None
    )
    Queue.objects.filter(pk=queue.pk).update(state="paused")
    assert submit(curator, queue, held, keep(held)) == 3
    assert Review.objects.count() == 3


def test_samples_of_another_problem_or_queue_are_refused(curator, lead, some, queue):
    held = lease_next_group(reviewer=curator, queue=queue)
    other = queue_of(lead, make_traces(1), by_problem=True)
    alien = QueueItem.objects.get(queue=other).pk
    sent = GroupSubmission(keep(held), [held[0].item_id, alien], uuid.uuid4(), held[0].token)
    with pytest.raises(ReviewError, match="Found 2 samples of which 1 are here"):
        decide_group(reviewer=curator, queue=queue, problem_id=some[0].problem_id, submitted=sent)
    sent = GroupSubmission(keep(held), [], uuid.uuid4(), held[0].token)
    with pytest.raises(ReviewError, match="Found 0 samples"):
        decide_group(reviewer=curator, queue=queue, problem_id=some[0].problem_id, submitted=sent)


def test_another_window_is_refused_once_and_then_replaces(curator, queue):
    held = lease_next_group(reviewer=curator, queue=queue)
    submit(curator, queue, held, keep(held))
    with pytest.raises(DecidedElsewhereError) as caught:
        submit(curator, queue, held, keep(held, 1))
    submit(curator, queue, held, keep(held, 1), token=caught.value.token)
    assert Review.objects.count() == 6
    assert [word for _, (word, _) in sorted(standing().items())] == ["reject", "accept", "reject"]
    assert set(QueueItem.objects.values_list("done_count", flat=True)) == {1}
    assert QueueWork.objects.get(reviewer=curator).done_count == 3


def test_the_whole_is_undone_in_one_step_and_is_on_the_screen_again(curator, some, queue):
    held, key = lease_next_group(reviewer=curator, queue=queue), uuid.uuid4()
    submit(curator, queue, held, keep(held, seconds=6.0))
    for _ in range(2):
        assert undo_group(reviewer=curator, queue=queue, key=key) == some[0].problem_id
    assert {word for word, _ in standing().values()} == {"withdraw"}
    assert Review.objects.count() == 6
    assert set(Trace.objects.values_list("decision", flat=True)) == {""}
    assert Problem.objects.get(pk=some[0].problem_id).accepted_count == 0
    assert set(QueueItem.objects.values_list("done_count", flat=True)) == {0}
    work = QueueWork.objects.get(reviewer=curator)
    assert (work.done_count, work.seconds) == (0, 0.0)
    again = lease_group(reviewer=curator, queue=queue, problem_id=some[0].problem_id)
    assert [each.pk for each in again] == [each.pk for each in held]
    assert len({each.token for each in again}) == 1
    assert undo_group(reviewer=curator, queue=queue, key=uuid.uuid4()) is None


def test_undo_goes_back_one_whole_at_a_time(curator, lead):
    run = factories.make_run()
    problems = [make_traces(2, run=run, problem=factories.make_problem()) for _ in range(3)]
    queue = queue_of(lead, problems[0], by_problem=True, item_order=Queue.Order.PROBLEM)
    for _ in problems:
        held = lease_next_group(reviewer=curator, queue=queue)
        submit(curator, queue, held, keep(held))
    undone = [undo_group(reviewer=curator, queue=queue, key=uuid.uuid4()) for _ in range(4)]
    assert undone == [problems[2][0].problem_id, problems[1][0].problem_id, problems[0][0].problem_id, None]


def test_a_trace_in_two_queues_is_wanted_again_in_both(curator, lead, some, queue):
    single = queue_of(lead, some)
    held = lease_next_group(reviewer=curator, queue=queue)
    submit(curator, queue, held, keep(held))
    decide_one(curator, item_of(single, some[0]))
    undo_group(reviewer=curator, queue=queue, key=uuid.uuid4())
    assert Assignment.objects.get(item=item_of(single, some[0]), reviewer=curator).state == "leased"
    assert item_of(single, some[0]).done_count == 0


def test_it_supersedes_what_one_said_of_a_trace_before(curator, some, queue):
    first = submit_review(reviewer=curator, trace=some[0], draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    held = lease_next_group(reviewer=curator, queue=queue)
    submit(curator, queue, held, keep(held, 1))
    assert Review.objects.get(supersedes=first).decision == "reject"
    assert Review.objects.filter(superseded_by=None).count() == 3


def test_a_sample_withdrawn_meanwhile_is_named_and_nothing_is_stored(curator, some, queue):
    held = lease_next_group(reviewer=curator, queue=queue)
    Trace.objects.filter(pk=some[1].pk).update(withdrawn=True)
    with pytest.raises(ReviewError, match=f"Trace {some[1].pk} was withdrawn"):
        submit(curator, queue, held, keep(held))
    rest = lease_group(reviewer=curator, queue=queue, problem_id=some[0].problem_id)
    assert submit(curator, queue, rest, keep(rest)) == 2


def test_the_number_of_statements_does_not_depend_on_that_of_the_samples(curator, lead):
    counts = []
    for size in (2, 60):
        queue = queue_of(lead, make_traces(size), by_problem=True)
        with CaptureQueriesContext(connection) as leasing:
            held = lease_next_group(reviewer=curator, queue=queue)
        with CaptureQueriesContext(connection) as deciding:
            submit(curator, queue, held, keep(held))
        with CaptureQueriesContext(connection) as undoing:
            undo_group(reviewer=curator, queue=queue, key=uuid.uuid4())
        counts.append([len(each) for each in (leasing, deciding, undoing)])
    assert counts[0] == counts[1]
    assert max(counts[1]) < 40


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"gold_count": 1, "gold_every": 20}, "gold_count"),
        ({"schema": DecisionSchema(scores=("Clarity",))}, "scores"),
    ],
)
def test_what_cannot_be_asked_of_a_whole_is_refused(lead, some, values, field):
    draft = QueueDraft("A queue", Selection(run=some[0].run_id), by_problem=True, **values)
    with pytest.raises(Fault) as caught:
        make_queue(actor=lead, draft=draft)
    assert caught.value.field == field


def test_gold_is_refused_later_too_and_the_usual_reasons_have_one_more(lead, some, queue):
    known = KnownDecision(Decision.ACCEPT)
    with pytest.raises(Fault, match="expected none where all samples"):
        add_gold_item(actor=lead, queue=queue, trace=some[0], known=known, is_training=False)
    assert list(queue.asks.reason_titles())[-1] == "Not the best sample"
