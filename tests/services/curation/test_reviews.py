import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction

from tests import factories
from trajectories.core.curation.reviews import Decision, ReviewDraft, ReviewError
from trajectories.models import AuditEvent, Review
from trajectories.selectors.reviews import Dispute, get_dispute
from trajectories.services.curation.review_leases import lease_trace
from trajectories.services.curation.reviews import DecidedMeanwhileError, Opened, submit_review, undo_last_review

ACCEPT = ReviewDraft(Decision.ACCEPT, score=4, comment=" Clear. ", step_labels={"1": "good"}, seconds=12.5)
REJECT = ReviewDraft(Decision.REJECT, reason="lucky")


@pytest.fixture
def trace(db):
    return factories.make_trace()


def submit(reviewer, trace, draft=ACCEPT, key=None):
    return submit_review(reviewer=reviewer, trace=trace, draft=draft, key=key or uuid.uuid4())


def state(trace):
    trace.refresh_from_db()
    trace.problem.refresh_from_db()
    return trace.decision, trace.problem.accepted_count


def test_a_review_is_stored_whole_and_settles_the_trace(curator, trace):
    review = submit(curator, trace)
    review.refresh_from_db()
    assert (review.decision, review.score, review.comment, review.seconds) == ("accept", 4, "Clear.", 12.5)
    assert review.step_labels == {"1": "good"}
    assert state(trace) == ("accepted", 1)


def test_the_audit_log_says_who_decided_what(curator, trace):
    review = submit(curator, trace)
    event = AuditEvent.objects.get(object_type="trace", object_id=trace.pk)
    assert (event.actor, event.verb) == (curator, "review.accept")
    assert event.data == {"review": review.pk, "decision": {"before": "", "after": "accepted"}}


def test_the_same_submission_twice_is_one_review(curator, trace):
    key = uuid.uuid4()
    assert submit(curator, trace, key=key) == submit(curator, trace, REJECT, key=key)
    assert Review.objects.count() == 1
    assert state(trace) == ("accepted", 1)


def test_a_key_is_good_for_one_trace_and_one_reviewer(curator, lead, trace):
    key = uuid.uuid4()
    submit(curator, trace, key=key)
    with pytest.raises(ReviewError, match="already used for another trace"):
        submit(curator, factories.make_trace(), key=key)
    with pytest.raises(ReviewError, match="already used"):
        submit(lead, trace, key=key)


def test_a_change_of_mind_supersedes_and_keeps_what_was_said(curator, trace):
    first, second = submit(curator, trace), submit(curator, trace, REJECT)
    assert second.supersedes == first
    assert state(trace) == ("rejected", 0)


def test_one_rejection_outweighs_an_acceptance_until_it_is_withdrawn(curator, lead, trace):
    submit(lead, trace)
    submit(curator, trace, REJECT)
    assert state(trace) == ("rejected", 0)
    undo_last_review(reviewer=curator, key=uuid.uuid4())
    assert state(trace) == ("accepted", 1)


def test_undo_walks_back_through_the_decisions_of_one_reviewer_only(curator, lead, trace):
    other = factories.make_trace(problem=trace.problem)
    submit(curator, trace)
    submit(curator, other)
    submit(lead, other, REJECT)
    assert undo_last_review(reviewer=curator, key=uuid.uuid4()).trace == other
    assert undo_last_review(reviewer=curator, key=uuid.uuid4()).trace == trace
    assert undo_last_review(reviewer=curator, key=uuid.uuid4()) is None
    assert state(trace) == ("", 0)
    assert state(other) == ("rejected", 0)
    assert AuditEvent.objects.filter(verb="review.withdraw").count() == 2


def test_undo_can_be_limited_to_one_trace(curator, trace):
    submit(curator, trace)
    submit(curator, factories.make_trace())
    assert undo_last_review(reviewer=curator, trace=trace, key=uuid.uuid4()).trace == trace


def test_an_undo_sent_twice_takes_back_one_decision(curator, trace):
    key = uuid.uuid4()
    submit(curator, trace)
    submit(curator, factories.make_trace())
    assert undo_last_review(reviewer=curator, key=key) == undo_last_review(reviewer=curator, key=key)
    assert state(trace) == ("accepted", 1)


def test_one_can_review_again_after_undoing(curator, trace):
    submit(curator, trace)
    withdrawal = undo_last_review(reviewer=curator, key=uuid.uuid4())
    assert submit(curator, trace, REJECT).supersedes == withdrawal
    assert state(trace) == ("rejected", 0)


def test_a_wrong_review_changes_nothing(curator, trace):
    with pytest.raises(ReviewError, match="trace has 2 steps"):
        submit(curator, trace, ReviewDraft(Decision.ACCEPT, step_labels={"2": "bad"}))
    assert (Review.objects.count(), AuditEvent.objects.count()) == (0, 0)


def test_the_database_itself_refuses_to_change_or_delete_a_review(curator, trace):
    review = submit(curator, trace)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Review.objects.filter(pk=review.pk).update(decision="reject")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Review.objects.filter(pk=review.pk)._raw_delete("default")


@pytest.mark.django_db(transaction=True)
def test_reviewers_who_submit_at_once_are_all_counted_once():
    from django.contrib.auth.models import User

    problem = factories.make_problem()
    traces = [factories.make_trace(problem=problem) for _ in range(3)]
    people = [User.objects.create_user(f"reviewer{number}") for number in range(4)]
    keys = {(person.pk, trace.pk): uuid.uuid4() for person in people for trace in traces}

    def submit_twice(pair):
        person, trace = pair
        try:
            for _ in range(2):
                submit(person, trace, key=keys[person.pk, trace.pk])
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(submit_twice, [(person, trace) for trace in traces for person in people]))
    problem.refresh_from_db()
    assert Review.objects.count() == 12
    assert problem.accepted_count == 3


def test_a_decision_that_contradicts_another_marks_the_trace_until_it_is_withdrawn(curator, lead, trace):
    submit(lead, trace)
    assert (trace.disputed, bool(get_dispute(trace))) == (False, False)
    submit(curator, trace, REJECT)
    trace.refresh_from_db()
    assert trace.disputed
    assert get_dispute(trace) == Dispute(accepted=("lena",), rejected=("carl",))
    undo_last_review(reviewer=curator, key=uuid.uuid4())
    trace.refresh_from_db()
    assert not trace.disputed


def open_page(reviewer, trace):
    lease = lease_trace(reviewer=reviewer, trace_id=trace.pk)
    return Opened(lease.token if lease else None)


def test_who_opened_the_trace_before_somebody_decided_is_told_and_stores_nothing(curator, lead, trace):
    opened = open_page(curator, trace)
    submit(lead, trace)
    with pytest.raises(DecidedMeanwhileError, match="Somebody else has decided") as told:
        submit_review(reviewer=curator, trace=trace, draft=REJECT, key=uuid.uuid4(), opened=opened)
    # The reviewer is blind: neither who nor how.
    assert not any(word in str(told.value) for word in ("lena", "accept", "reject"))
    assert Review.objects.count() == 1
    again = Opened(opened.token, despite=told.value.newest)
    submit_review(reviewer=curator, trace=trace, draft=REJECT, key=uuid.uuid4(), opened=again)
    assert Review.objects.count() == 2


def test_a_second_opinion_on_what_was_decided_before_is_taken_at_once(curator, lead, trace):
    submit(lead, trace)
    opened = open_page(curator, trace)
    submit_review(reviewer=curator, trace=trace, draft=REJECT, key=uuid.uuid4(), opened=opened)
    assert Review.objects.count() == 2


def test_who_could_not_lease_the_trace_is_told_too(curator, lead, trace):
    opened = [open_page(person, trace) for person in (lead, curator)]
    assert opened[1].token is None
    submit_review(reviewer=lead, trace=trace, draft=ACCEPT, key=uuid.uuid4(), opened=opened[0])
    with pytest.raises(DecidedMeanwhileError):
        submit_review(reviewer=curator, trace=trace, draft=REJECT, key=uuid.uuid4(), opened=opened[1])


def test_the_same_form_again_is_no_decision_meanwhile(curator, lead, trace):
    opened, key = open_page(curator, trace), uuid.uuid4()
    first = submit_review(reviewer=curator, trace=trace, draft=ACCEPT, key=key, opened=opened)
    submit(lead, trace, REJECT)
    assert submit_review(reviewer=curator, trace=trace, draft=ACCEPT, key=key, opened=opened) == first


def test_labels_hang_on_the_text(curator):
    bodies = ("Same words.", "Same words.", "Nowhere in it.")
    steps = [{"kind": "text", "title": "A step", "body": body, "depth": 0, "data": {}} for body in bodies]
    trace = factories.make_trace(reasoning="Same words.\n\nSame words.", steps=steps)
    draft = ReviewDraft(Decision.ACCEPT, step_labels={"1": "bad", "2": "good"})
    review = submit_review(reviewer=curator, trace=trace, draft=draft, key=uuid.uuid4())
    assert review.step_spans == {"1": [13, 24]}
    plain = submit_review(reviewer=curator, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    assert plain.step_spans == {}
