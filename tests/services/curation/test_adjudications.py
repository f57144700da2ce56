"""Final decisions: they outweigh every review, are appended, audited, reopened, and never override unseen."""

import uuid

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests import factories
from trajectories.core.curation.adjudications import FinalDecision, FinalDraft, settle_finally
from trajectories.core.curation.reviews import Decision, ReviewDraft, ReviewError
from trajectories.models import Adjudication, AuditEvent, Review, ReviewVoid
from trajectories.selectors.adjudications import final_decision, list_disputes, next_dispute
from trajectories.services.curation.adjudications import Known, MeanwhileError, adjudicate, known_of
from trajectories.services.curation.reviews import submit_review, undo_last_review

ACCEPT, REJECT = FinalDraft(FinalDecision.ACCEPT), FinalDraft(FinalDecision.REJECT, "lucky", "Look at step 2.")
REOPEN = FinalDraft(FinalDecision.REOPEN)


def review(person, trace, decision):
    draft = ReviewDraft(decision, reason="lucky" if decision is Decision.REJECT else "")
    return submit_review(reviewer=person, trace=trace, draft=draft, key=uuid.uuid4())


def decide(person, trace, draft, key=None, known=None):
    return adjudicate(actor=person, trace=trace, draft=draft, key=key or uuid.uuid4(), known=known or known_of(trace))


def state(trace):
    trace.refresh_from_db()
    trace.problem.refresh_from_db()
    return trace.decision, trace.disputed, trace.problem.accepted_count


@pytest.fixture
def disputed(curator, lead):
    trace = factories.make_trace()
    review(curator, trace, Decision.ACCEPT)
    review(lead, trace, Decision.REJECT)
    return trace


def test_a_final_decision_outweighs_the_reviews_and_ends_the_dispute(lead, disputed):
    assert state(disputed) == ("rejected", True, 0)
    decide(lead, disputed, ACCEPT)
    assert state(disputed) == ("accepted", False, 1)
    assert next_dispute() is None
    (row,) = list_disputes("decided").rows
    assert (row.trace, row.final.decision, len(row.reviews)) == (disputed, "accept", 2)


def test_later_reviews_and_undos_change_nothing_until_it_is_reopened(lead, engineer, disputed):
    decide(lead, disputed, ACCEPT)
    review(engineer, disputed, Decision.REJECT)
    undo_last_review(reviewer=lead, key=uuid.uuid4())
    assert state(disputed) == ("accepted", False, 1)
    decide(lead, disputed, REOPEN)
    assert state(disputed) == ("rejected", True, 0)
    assert final_decision(disputed) is None
    assert next_dispute() == disputed.pk


def test_everything_is_kept_and_in_the_audit_log(lead, disputed):
    for draft in (REJECT, REOPEN, ACCEPT):
        decide(lead, disputed, draft)
    events = list(Adjudication.objects.order_by("pk"))
    assert [event.decision for event in events] == ["reject", "reopen", "accept"]
    assert [event.supersedes for event in events] == [None, *events[:2]]
    assert (events[0].reason, events[0].comment) == ("lucky", "Look at step 2.")
    logged = AuditEvent.objects.filter(object_id=disputed.pk, verb__startswith="adjudication.").order_by("pk")
    assert [(event.verb, event.data["decision"]["after"]) for event in logged] == [
        ("adjudication.reject", "rejected"),
        ("adjudication.reopen", "rejected"),
        ("adjudication.accept", "accepted"),
    ]
    assert Review.objects.count() == 2


def test_the_same_form_twice_is_one_decision_and_is_nobody_elses(lead, engineer, disputed):
    key = uuid.uuid4()
    assert decide(lead, disputed, ACCEPT, key=key) == decide(lead, disputed, REJECT, key=key)
    assert state(disputed) == ("accepted", False, 1)
    with pytest.raises(ReviewError, match="already used"):
        decide(engineer, disputed, ACCEPT, key=key)


def test_who_did_not_see_another_leads_decision_is_told_and_nothing_is_stored(lead, engineer, disputed):
    opened = known_of(disputed)
    decide(engineer, disputed, REJECT)
    with pytest.raises(MeanwhileError, match=f"{engineer.username} decided finally to reject it") as told:
        decide(lead, disputed, ACCEPT, known=opened)
    assert state(disputed)[0] == "rejected"
    with pytest.raises(MeanwhileError, match="decided finally"):
        decide(lead, disputed, ACCEPT, known=Known(opened.review, 0))
    decide(lead, disputed, ACCEPT, known=told.value.known)
    assert state(disputed)[0] == "accepted"


def test_a_review_that_came_meanwhile_is_looked_at_first(lead, engineer, disputed):
    opened = known_of(disputed)
    review(engineer, disputed, Decision.ACCEPT)
    with pytest.raises(MeanwhileError, match="reviewed this trace since"):
        decide(lead, disputed, ACCEPT, known=opened)
    assert Adjudication.objects.count() == 0


@pytest.mark.parametrize(
    ("draft", "part"),
    [
        (FinalDraft(FinalDecision.REJECT), "decision"),
        (FinalDraft(FinalDecision.REJECT, "no such reason"), "decision"),
        (FinalDraft(FinalDecision.REJECT, "other"), "comment"),
        (FinalDraft(FinalDecision.ACCEPT, "lucky"), "decision"),
        (FinalDraft(FinalDecision.ACCEPT, comment="x" * 10_001), "comment"),
    ],
)
def test_a_draft_that_makes_no_sense_is_refused(lead, disputed, draft, part):
    with pytest.raises(ReviewError) as refused:
        decide(lead, disputed, draft)
    assert refused.value.field == part
    assert Adjudication.objects.count() == 0


def test_nothing_is_decided_or_reopened_where_there_is_nothing(lead):
    trace = factories.make_trace()
    with pytest.raises(ReviewError, match="Nobody has reviewed"):
        decide(lead, trace, ACCEPT)
    with pytest.raises(ReviewError, match="no final decision"):
        decide(lead, trace, REOPEN)


@pytest.mark.parametrize("decisions", [[], ["accept"], ["reject"], ["accept", "reject"]])
def test_only_without_a_final_decision_do_reviews_decide(decisions):
    assert settle_finally(decisions, "accept") == ("accepted", False)
    assert settle_finally(decisions, "reject") == ("rejected", False)
    assert settle_finally(decisions, "reopen") == settle_finally(decisions, None)


def test_the_list_of_disputes_is_read_in_pages_and_skipping_goes_round(curator, lead):
    traces = [factories.make_trace() for _ in range(3)]
    for trace in traces:
        review(curator, trace, Decision.ACCEPT)
        review(lead, trace, Decision.REJECT)
    page = list_disputes("open", size=2)
    assert [row.trace for row in page.rows] == traces[:2]
    assert [row.trace for row in list_disputes("open", after=page.following, size=2).rows] == traces[2:]
    keys = [trace.pk for trace in traces]
    assert [next_dispute(after=key) for key in (0, *keys)] == [keys[0], keys[1], keys[2], keys[0]]


def test_neither_final_decisions_nor_voids_are_ever_changed_or_deleted(lead):
    trace = factories.make_trace()
    rows = (
        Adjudication.objects.create(trace=trace, adjudicator=lead, decision="accept", key=uuid.uuid4()),
        ReviewVoid.objects.create(reviewer=lead, actor=lead, since=timezone.now(), key=uuid.uuid4()),
    )
    for row in rows:
        table = type(row).objects.filter(pk=row.pk)
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            table.update(key=uuid.uuid4())
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            table._raw_delete(table.db)
