"""Voiding somebody's reviews from a day on: they stop counting everywhere, nothing is lost, all of it comes back."""

import uuid
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.utils import timezone

from tests import factories
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.models import AuditEvent, Review, ReviewVoid
from trajectories.selectors.reviews import last_decision, standing_reviews
from trajectories.services.curation.reviews import submit_review, undo_last_review
from trajectories.services.curation.voids import VoidError, restore_reviews, void_reviews

ACCEPT = ReviewDraft(Decision.ACCEPT, score=5, comment="Fine.", step_labels={"1": "good"}, seconds=7.5)
REJECT = ReviewDraft(Decision.REJECT, reason="lucky")


def review(person, trace, draft=ACCEPT, days_ago=0):
    then = timezone.now() - timedelta(days=days_ago)
    with patch("django.utils.timezone.now", return_value=then):
        return submit_review(reviewer=person, trace=trace, draft=draft, key=uuid.uuid4())


def void(actor, reviewer, days=3, key=None):
    since = timezone.now() - timedelta(days=days)
    return void_reviews(actor=actor, reviewer=reviewer, since=since, reason="Guessing.", key=key or uuid.uuid4())


def state(trace):
    trace.refresh_from_db()
    trace.problem.refresh_from_db()
    return trace.decision, trace.disputed, trace.problem.accepted_count


def words(trace):
    return [(each.reviewer.username, each.decision) for each in standing_reviews(trace)]


def test_decisions_from_that_day_on_stop_counting_and_older_ones_stay(lead, curator):
    old, new, shared = (factories.make_trace() for _ in range(3))
    review(curator, old, days_ago=9)
    review(curator, new)
    review(lead, shared)
    review(curator, shared, REJECT)
    assert state(shared) == ("rejected", True, 0)
    event = void(lead, curator)
    assert event.review_count == 2
    assert state(old) == ("accepted", False, 1)
    assert state(new) == ("", False, 0)
    assert state(shared) == ("accepted", False, 1)
    assert words(shared) == [(lead.username, "accept")]


def test_taking_it_back_brings_every_field_back_with_its_time(lead, curator):
    trace = factories.make_trace()
    first = review(curator, trace, days_ago=2)
    event = void(lead, curator)
    restored = restore_reviews(actor=lead, void=event, key=uuid.uuid4())
    assert restored.review_count == 1
    assert state(trace) == ("accepted", False, 1)
    (back,) = standing_reviews(trace)
    first.refresh_from_db()
    for name in ("decision", "score", "comment", "step_labels", "seconds", "reviewer_id", "reason"):
        assert getattr(back, name) == getattr(first, name)
    assert back.decided_at == first.created_at
    # Nothing was changed or deleted on the way: decision, withdrawal, copy.
    assert [each.decision for each in Review.objects.order_by("pk")] == ["accept", "withdraw", "accept"]
    # Voided and restored again, it is still as old as it was.
    again = void(lead, curator)
    restore_reviews(actor=lead, void=again, key=uuid.uuid4())
    assert standing_reviews(trace).get().decided_at == first.created_at


def test_a_second_void_from_a_later_day_leaves_restored_older_decisions_alone(lead, curator):
    trace = factories.make_trace()
    review(curator, trace, days_ago=5)
    restore_reviews(actor=lead, void=void(lead, curator, days=9), key=uuid.uuid4())
    with pytest.raises(VoidError, match="has no decision since"):
        void(lead, curator, days=3)
    assert state(trace) == ("accepted", False, 1)


def test_what_the_person_decided_anew_is_not_overwritten_by_taking_it_back(lead, curator):
    kept, changed = factories.make_trace(), factories.make_trace()
    review(curator, kept)
    review(curator, changed)
    event = void(lead, curator)
    review(curator, changed, REJECT)
    assert restore_reviews(actor=lead, void=event, key=uuid.uuid4()).review_count == 1
    assert state(kept)[0] == "accepted"
    assert state(changed)[0] == "rejected"


def test_the_same_form_twice_voids_once_and_restores_once(lead, curator):
    review(curator, factories.make_trace())
    key = uuid.uuid4()
    event = void(lead, curator, key=key)
    assert void(lead, curator, key=key) == event
    one = restore_reviews(actor=lead, void=event, key=uuid.uuid4())
    assert restore_reviews(actor=lead, void=event, key=uuid.uuid4()) == one
    assert ReviewVoid.objects.count() == 2
    with pytest.raises(VoidError, match="restored"):
        restore_reviews(actor=lead, void=one, key=uuid.uuid4())


def test_nothing_to_void_is_said_and_leaves_nothing(lead, curator):
    with pytest.raises(VoidError, match=f"{curator.username} has no decision since"):
        void(lead, curator)
    assert not ReviewVoid.objects.exists()


def test_the_audit_log_names_who_voided_whose_reviews_and_what_became_of_each_trace(lead, curator):
    trace = factories.make_trace()
    review(curator, trace)
    event = void(lead, curator)
    restore_reviews(actor=lead, void=event, key=uuid.uuid4())
    about = AuditEvent.objects.filter(object_type="trace", object_id=trace.pk).order_by("pk")
    assert [(each.actor, each.verb) for each in about] == [
        (curator, "review.accept"),
        (lead, "review.void"),
        (lead, "review.restore"),
    ]
    assert [each.data["decision"]["after"] for each in about] == ["accepted", "", "accepted"]
    people = AuditEvent.objects.filter(object_type="user", object_id=curator.pk).order_by("pk")
    assert [(each.actor, each.verb, each.data["reviews"]) for each in people] == [
        (lead, "void.add", 1),
        (lead, "void.undo", 1),
    ]


def test_undo_does_not_take_back_what_was_restored_as_if_it_were_new(lead, curator):
    old, new = factories.make_trace(), factories.make_trace()
    review(curator, old, days_ago=1)
    event = void(lead, curator)
    newest = review(curator, new)
    restore_reviews(actor=lead, void=event, key=uuid.uuid4())
    assert last_decision(reviewer=curator) == newest
    undo_last_review(reviewer=curator, key=uuid.uuid4())
    assert state(old)[0] == "accepted"
    assert state(new)[0] == ""


def test_many_reviews_take_a_bounded_number_of_queries(lead, curator, django_assert_max_num_queries):
    problem = factories.make_problem()
    for _ in range(40):
        review(curator, factories.make_trace(problem=problem))
    with django_assert_max_num_queries(30):
        assert void(lead, curator).review_count == 40
    problem.refresh_from_db()
    assert problem.accepted_count == 0
