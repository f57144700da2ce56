import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from tests.factories import make_problem, make_trace
from tests.generation import plan_job, waiting_candidate
from trajectories.models import AuditEvent, CandidateReview, Problem, ProblemCandidate, ProblemSet, ReviewLease
from trajectories.selectors.candidates import CandidateScope
from trajectories.services.curation.review_leases import release_leases, renew_leases
from trajectories.services.generation.candidate_leases import claim_candidate, claim_next_candidate, release_candidate
from trajectories.services.generation.candidates import (
    CandidateError,
    Change,
    accept_candidate,
    edit_candidate,
    reject_candidate,
    requeue_candidate,
    undo_last_decision,
)

pytestmark = pytest.mark.django_db


def take(reviewer, candidate):
    return claim_candidate(reviewer=reviewer, candidate_id=candidate.pk)


def given(reviewer, candidate, **values):
    held = take(reviewer, candidate)
    return {
        "reviewer": reviewer,
        "candidate_id": candidate.pk,
        "token": held.token if held else uuid.uuid4(),
        "key": uuid.uuid4(),
        **values,
    }


def test_accepting_puts_it_into_the_set_and_says_what_its_answer_rests_on(curator):
    candidate = waiting_candidate(set_title="My sums")
    review = accept_candidate(**given(curator, candidate))
    candidate.refresh_from_db()
    problem = candidate.problem
    assert (candidate.state, ReviewLease.objects.count()) == ("accepted", 0)
    assert (problem.problem_set.title, problem.problem_set.problem_count) == ("My sums", 1)
    assert (problem.statement, problem.reference) == (candidate.statement, candidate.reference)
    assert problem.get_reference_source_display() == "agreement of samples"
    assert AuditEvent.objects.filter(verb="candidate.accept", object_id=candidate.pk, actor=curator).exists()
    assert review.data["problem"] == problem.pk


def test_the_same_form_twice_is_one_decision(curator):
    candidate = waiting_candidate()
    form = given(curator, candidate)
    assert accept_candidate(**form) == accept_candidate(**form)
    assert CandidateReview.objects.count() == Problem.objects.count() == 1
    with pytest.raises(CandidateError, match="already used"):
        accept_candidate(**{**given(curator, waiting_candidate()), "key": form["key"]})


def test_content_that_came_in_meanwhile_is_not_let_in_again(curator):
    candidate = waiting_candidate()
    known = make_problem(
        kind="numeric",
        statement=candidate.statement,
        spec={},
        reference=candidate.reference,
        content_hash=candidate.content_hash,
    )
    with pytest.raises(CandidateError, match=f"{known.name} of .* has the same content"):
        accept_candidate(**given(curator, candidate))
    candidate.refresh_from_db()
    assert (candidate.state, candidate.problem) == ("waiting", None)
    assert not CandidateReview.objects.exists()


def test_a_decision_needs_the_lease(curator, lead):
    candidate = waiting_candidate()
    mine = given(curator, candidate)
    with pytest.raises(CandidateError, match="Somebody else has taken"):
        accept_candidate(**{**mine, "token": uuid.uuid4()})
    with pytest.raises(CandidateError, match="Somebody else has taken"):
        accept_candidate(**{**mine, "reviewer": lead})
    ReviewLease.objects.update(expires_at=Now() - timedelta(seconds=1))
    # Nobody took it since: what was being read when the lease ran out may still be decided.
    accept_candidate(**mine)
    with pytest.raises(CandidateError, match="is accepted already"):
        reject_candidate(**{**mine, "key": uuid.uuid4()}, reason="too_easy")


def test_what_nobody_holds_any_more_may_still_be_decided_by_who_had_it(curator):
    first = waiting_candidate()
    form = given(curator, first)
    release_candidate(reviewer=curator, candidate_id=first.pk)
    assert not ReviewLease.objects.filter(candidate=first).exists()
    assert accept_candidate(**form).decision == "accept"


def test_rejecting_asks_for_a_reason_and_keeps_it(curator):
    candidate = waiting_candidate()
    form = given(curator, candidate)
    for reason, comment, message in (("", "", "needs one"), ("bad", "", "needs one"), ("other", " ", "says what")):
        with pytest.raises(CandidateError, match=message):
            reject_candidate(**form, reason=reason, comment=comment)
    review = reject_candidate(**form, reason="other", comment="Two of the numbers are missing.")
    candidate.refresh_from_db()
    assert (candidate.state, review.comment) == ("rejected", "Two of the numbers are missing.")
    assert not Problem.objects.exists()


def test_a_change_is_checked_kept_beside_the_original_and_makes_the_answer_the_reviewers(curator):
    candidate = waiting_candidate()
    before = candidate.statement
    edit_candidate(**given(curator, candidate, change=Change("A kite costs 40 coins, a lamp 2. Both?", (), "42")))
    candidate.refresh_from_db()
    assert (candidate.statement, candidate.reference, candidate.state) == (
        "A kite costs 40 coins, a lamp 2. Both?",
        "42",
        "waiting",
    )
    assert candidate.original == {"statement": before, "choices": None, "answer": "16"}
    assert (candidate.reference_source, candidate.stated) == ("person", "16")
    accept_candidate(**given(curator, candidate))
    assert Problem.objects.get().reference_source == "person"


@pytest.mark.parametrize(
    ("change", "part", "message"),
    [
        (Change("", (), "1"), "statement", "expected a question"),
        (Change("How many?", (), "several"), "answer", "which its own verifier refuses"),
        (
            Change("A kite costs 11 coins and a lamp 5. What do both cost?", (), "16"),
            "statement",
            "Nothing has changed",
        ),
        (Change("nul\0", (), "1"), "statement", "NUL"),
    ],
)
def test_a_change_that_is_no_problem_changes_nothing(curator, change, part, message):
    candidate = waiting_candidate()
    with pytest.raises(CandidateError, match=message) as fault:
        edit_candidate(**given(curator, candidate, change=change))
    assert fault.value.field == part
    again = ProblemCandidate.objects.get(pk=candidate.pk)
    assert (again.statement, again.original) == (candidate.statement, None)


def test_a_change_to_what_there_is_already_is_refused(curator):
    first, second = waiting_candidate(), waiting_candidate()
    with pytest.raises(CandidateError, match="candidate with the same content"):
        edit_candidate(**given(curator, second, change=Change(first.statement, (), first.reference)))


def test_a_choice_is_changed_with_its_choices(curator):
    candidate = waiting_candidate(
        kind="choice", statement="Which is red?", spec={"choices": ["sky", "fire"]}, reference="B", stated="B"
    )
    edit_candidate(**given(curator, candidate, change=Change("Which is blue?", ("sky", "fire", "grass"), "sky")))
    candidate.refresh_from_db()
    assert (candidate.spec, candidate.reference) == ({"choices": ["sky", "fire", "grass"]}, "A")


def test_undo_takes_the_problem_out_again(curator):
    candidate = waiting_candidate()
    accept_candidate(**given(curator, candidate))
    key = uuid.uuid4()
    undone = undo_last_decision(reviewer=curator, key=key)
    candidate.refresh_from_db()
    assert (candidate.state, candidate.problem, undone.decision) == ("waiting", None, "withdraw")
    assert not Problem.objects.exists()
    assert ProblemSet.objects.get().problem_count == 0
    assert undo_last_decision(reviewer=curator, key=key) == undone
    assert undo_last_decision(reviewer=curator, key=uuid.uuid4()) is None


def test_undo_takes_back_one_decision_at_a_time(curator):
    first, second = waiting_candidate(), waiting_candidate()
    accept_candidate(**given(curator, first))
    reject_candidate(**given(curator, second), reason="too_easy")
    assert undo_last_decision(reviewer=curator, key=uuid.uuid4()).candidate == second
    assert undo_last_decision(reviewer=curator, key=uuid.uuid4()).candidate == first


def test_a_problem_that_was_sampled_stays_in(curator):
    candidate = waiting_candidate()
    accept_candidate(**given(curator, candidate))
    make_trace(problem=Problem.objects.get())
    with pytest.raises(CandidateError, match="has been used since"), transaction.atomic():
        undo_last_decision(reviewer=curator, key=uuid.uuid4())
    candidate.refresh_from_db()
    assert candidate.state == "accepted"


@pytest.mark.parametrize("state", ["unsolvable", "unchecked", "duplicate"])
def test_a_person_may_overrule_the_checks(curator, state):
    candidate = waiting_candidate(state=state, reason="As the checks say.", reference_source="author")
    requeue_candidate(reviewer=curator, candidate_id=candidate.pk, key=uuid.uuid4())
    candidate.refresh_from_db()
    assert (candidate.state, candidate.reason) == ("waiting", "As the checks say.")
    accept_candidate(**given(curator, candidate))
    assert Problem.objects.get().reference_source == "author"


def test_there_is_nothing_to_overrule_in_what_is_no_problem(curator):
    candidate = waiting_candidate(state="invalid")
    with pytest.raises(CandidateError, match="nothing to overrule"):
        requeue_candidate(reviewer=curator, candidate_id=candidate.pk, key=uuid.uuid4())


def test_reviews_are_append_only(curator):
    review = accept_candidate(**given(curator, waiting_candidate()))
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        CandidateReview.objects.filter(pk=review.pk).update(decision="reject")


def test_two_reviewers_are_never_handed_the_same_candidate(curator, lead):
    candidates = [waiting_candidate() for _ in range(2)]
    scope = CandidateScope()
    first = claim_next_candidate(reviewer=curator, scope=scope)
    second = claim_next_candidate(reviewer=lead, scope=scope)
    assert [first.candidate, second.candidate] == candidates
    assert take(lead, first.candidate) is None
    assert claim_next_candidate(reviewer=curator, scope=scope) == first


def test_skipping_goes_on_and_comes_round_again(curator):
    pks = [waiting_candidate().pk for _ in range(3)]
    seen, after = [], 0
    for _ in range(4):
        release_candidate(reviewer=curator, candidate_id=after)
        after = claim_next_candidate(reviewer=curator, scope=CandidateScope(), after=after).candidate_id
        seen.append(after)
    assert seen == [*pks, pks[0]]
    assert ReviewLease.objects.count() == 1


def test_the_next_one_is_leased_beside_the_one_on_the_screen(curator, lead):
    first, second = waiting_candidate(), waiting_candidate()
    here = claim_next_candidate(reviewer=curator, scope=CandidateScope())
    ahead = claim_next_candidate(reviewer=curator, scope=CandidateScope(), after=first.pk, but=[first.pk])
    assert (here.candidate, ahead.candidate) == (first, second)
    assert claim_next_candidate(reviewer=lead, scope=CandidateScope()) is None
    assert claim_next_candidate(reviewer=curator, scope=CandidateScope(), but=[first.pk, second.pk]) is None


def test_the_scope_says_which_ones_come(curator):
    waiting_candidate()
    other = waiting_candidate(job=plan_job("Elsewhere"), statement="Say how many moons there are.")
    assert claim_next_candidate(reviewer=curator, scope=CandidateScope(job=other.job_id)).candidate == other
    assert claim_next_candidate(reviewer=curator, scope=CandidateScope(query="moons")).candidate == other
    assert claim_next_candidate(reviewer=curator, scope=CandidateScope(query="suns")) is None


def test_a_lease_is_renewed_released_and_runs_out(curator, lead):
    candidate = waiting_candidate()
    mine = take(curator, candidate)
    assert renew_leases(reviewer=curator, tokens=[mine.token]) == set()
    assert renew_leases(reviewer=lead, tokens=[mine.token]) == {mine.token}
    ReviewLease.objects.update(expires_at=Now() - timedelta(seconds=1))
    theirs = take(lead, candidate)
    assert renew_leases(reviewer=curator, tokens=[mine.token]) == {mine.token}
    release_leases(reviewer=curator, tokens=[mine.token, theirs.token])
    assert ReviewLease.objects.get().holder == lead
    release_leases(reviewer=lead, tokens=[theirs.token])
    assert take(curator, candidate) is not None
