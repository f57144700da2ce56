"""Reviewers at the same time."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connection

from tests.generation import waiting_candidate
from trajectories.models import CandidateReview, ProblemCandidate, ProblemSet
from trajectories.selectors.candidates import CandidateScope
from trajectories.services.candidate_leases import claim_next_candidate
from trajectories.services.candidates import accept_candidate


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
                accept_candidate(reviewer=reviewer, candidate_id=held.pk, token=held.lease_token, key=uuid.uuid4())
                seen.append(held.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(reviewers)) as pool:
        seen = [pk for found in pool.map(review_all, reviewers) for pk in found]
    assert sorted(seen) == sorted(ProblemCandidate.objects.values_list("pk", flat=True))
    assert CandidateReview.objects.filter(decision="accept").count() == candidates
    assert ProblemSet.objects.get().problem_count == candidates
