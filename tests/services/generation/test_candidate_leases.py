"""Reviewers at the same time."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.generation import waiting_candidate
from trajectories.models import CandidateReview, ProblemCandidate, ProblemSet, ReviewLease
from trajectories.selectors.candidates import CandidateScope
from trajectories.services.generation.candidate_leases import claim_candidate, claim_next_candidate
from trajectories.services.generation.candidates import accept_candidate, undo_last_decision
from trajectories.services.installation.roles import sync_roles


@pytest.mark.django_db(transaction=True)
def test_many_reviewers_at_once_decide_each_candidate_once():
    candidates = 24
    for _ in range(candidates):
        waiting_candidate()
    reviewers = [User.objects.create_user(f"reviewer-{number}") for number in range(4)]

    def review_all(reviewer: User) -> list[int]:
        seen: list[int] = []
        try:
            while True:
                held = claim_next_candidate(reviewer=reviewer, scope=CandidateScope())
                if held is None:
                    if not ProblemCandidate.objects.filter(state="waiting").exists():
                        return seen
                    continue
                accept_candidate(reviewer=reviewer, candidate_id=held.candidate_id, token=held.token, key=uuid.uuid4())
                seen.append(held.candidate_id)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(reviewers)) as pool:
        seen = [pk for found in pool.map(review_all, reviewers) for pk in found]
    assert sorted(seen) == sorted(ProblemCandidate.objects.values_list("pk", flat=True))
    assert CandidateReview.objects.filter(decision="accept").count() == candidates
    assert ProblemSet.objects.get().problem_count == candidates


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("decision", ["accept", "reject"])
def test_one_form_sent_many_times_at_once_is_one_decision_and_one_answer(decision):
    """Each gets the redirect to the candidate that comes next, and it is the same one."""
    first, *_ = [waiting_candidate() for _ in range(6)]
    sync_roles()
    reviewer = User.objects.create_user("reviewer")
    reviewer.groups.add(Group.objects.get(name="curator"))
    lease = claim_candidate(reviewer=reviewer, candidate_id=first.pk)
    form = {"key": str(uuid.uuid4()), "lease": str(lease.token), "decision": decision, "reason": "too_easy"}
    address = reverse("candidate_decide", args=[first.pk])

    def send(_: int) -> tuple[int, str]:
        try:
            client = Client()
            client.force_login(reviewer)
            response = client.post(address, form)
            return response.status_code, response.headers.get("Location", "")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(send, range(16)))
    (answer,) = answers
    assert answer[0] == 302
    assert CandidateReview.objects.count() == 1
    held = ReviewLease.objects.get(holder=reviewer).candidate
    assert answer[1] == reverse("candidate_detail", args=[held.pk])
    # And once more, much later.
    assert send(0) == answer


@pytest.mark.django_db(transaction=True)
def test_one_undo_sent_many_times_at_once_takes_back_one_decision():
    reviewer = User.objects.create_user("reviewer")
    for candidate in (waiting_candidate(), waiting_candidate()):
        accept_candidate(reviewer=reviewer, candidate_id=candidate.pk, token=uuid.uuid4(), key=uuid.uuid4())
    key = uuid.uuid4()

    def undo(_: int) -> int:
        try:
            return undo_last_decision(reviewer=reviewer, key=key).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(undo, range(8)))) == 1
    assert CandidateReview.objects.filter(decision="withdraw").count() == 1
