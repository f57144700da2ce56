"""The page of a pair and the rankings."""

import uuid

import pytest
from django.core.cache import cache
from django.urls import reverse

from tests import factories
from trajectories.models import Comparison, ComparisonLease, Trace
from trajectories.selectors.comparisons import ComparisonProgress, ComparisonScope, comparison_progress


@pytest.fixture(autouse=True)
def _nothing_is_kept_from_other_tests():
    cache.clear()


@pytest.fixture
def problem(db):
    made = factories.make_problem(kind="numeric", statement="What is 6 times 7?", spec={}, reference=42)
    sampler = factories.make_sampler(title="Numbat-7B")
    for number in range(3):
        trace = factories.make_trace(
            problem=made, sampler=sampler, answer=40 + number, program="", steps=[], reasoning=f"Path {number}."
        )
        factories.make_verdict(trace=trace, verifier="number", message="planted verdict")
    return made


def open_pair(client, person, query=""):
    client.force_login(person)
    return client.get(reverse("comparison_next") + query)


def say(client, verdict, *, htmx=True, **values):
    lease = ComparisonLease.objects.get()
    said = {"verdict": verdict, "lease": str(lease.token), "key": str(uuid.uuid4()), "seconds": "3.5", **values}
    headers = {"HX-Request": "true"} if htmx else {}
    return client.post(reverse("comparison_decide"), said, headers=headers)


def test_two_traces_are_shown_with_nothing_about_whose_they_are(client, curator, problem):
    page = open_pair(client, curator).content.decode()
    assert "What is 6 times 7?" in page
    assert page.count("Path ") == 2
    for hidden in ("Numbat", "planted verdict", "Expected", "/traces/1"):
        assert hidden not in page


@pytest.mark.parametrize("swapped", [False, True])
def test_left_and_right_mean_what_was_on_the_screen(client, curator, problem, swapped):
    open_pair(client, curator)
    ComparisonLease.objects.update(swapped=swapped)
    lease = ComparisonLease.objects.get()
    page = client.get(reverse("comparison_next")).content.decode()
    left = lease.second if swapped else lease.first
    assert page.index(left.reasoning.body) < page.index((lease.first if swapped else lease.second).reasoning.body)
    assert say(client, "left").status_code == 200
    assert Comparison.objects.get().verdict == ("second" if swapped else "first")


def test_it_works_without_scripts_and_undo_brings_the_pair_back(client, curator, problem):
    open_pair(client, curator)
    assert say(client, "both_bad", htmx=False).headers["Location"] == reverse("comparison_next")
    back = client.post(reverse("comparison_undo"), {"key": str(uuid.uuid4())}, follow=True)
    assert "is undone" in back.content.decode()
    assert [each.verdict for each in Comparison.objects.order_by("pk")] == ["both_bad", "withdraw"]
    again = client.post(reverse("comparison_undo"), {"key": str(uuid.uuid4())}, headers={"HX-Request": "true"})
    assert "no comparison of yours to undo" in again.content.decode()


def test_what_is_no_word_or_another_pair_is_said_and_stores_nothing(client, curator, problem):
    open_pair(client, curator)
    for values in ({"verdict": ""}, {"verdict": "first"}, {"verdict": "left", "lease": str(uuid.uuid4())}):
        verdict = values.pop("verdict")
        refused = say(client, verdict, **values)
        assert refused.status_code == 422
        assert 'role="alert"' in refused.content.decode()
    assert not Comparison.objects.exists()


def test_at_the_end_it_says_so(client, curator, problem):
    open_pair(client, curator)
    for _ in range(3):
        page = say(client, "tie")
    assert "Nothing left to compare" in page.content.decode()
    assert "3 compared by you" in page.content.decode()
    assert "3 of about 3 in all" in " ".join(page.content.decode().split())


def test_rankings_are_for_who_may_see_what_others_said(client, curator, lead, engineer, problem):
    open_pair(client, curator)
    say(client, "left")
    assert client.get(reverse("comparison_ranking")).status_code == 403
    client.force_login(lead)
    page = client.get(f"{reverse('comparison_ranking')}?problem={problem.pk}").content.decode()
    assert "1 comparison by 1" in " ".join(page.split())
    # All from one sampler: there is nothing to rank.
    assert "No comparison is between two different ones" in page
    assert page.count("Trace ") >= 2


def test_nobody_without_the_permission_compares(client, engineer, problem):
    assert open_pair(client, engineer).status_code == 403
    assert client.post(reverse("comparison_decide"), {}).status_code == 403
    assert client.post(reverse("comparison_undo"), {}).status_code == 403


def test_leases_are_kept_and_left(client, curator, problem):
    open_pair(client, curator)
    token = str(ComparisonLease.objects.get().token)
    address = reverse("comparison_leases")
    assert client.post(address, {"token": token}).json() == {"lost": []}
    assert client.post(address, {"token": "nonsense"}).status_code == 400
    other = str(uuid.uuid4())
    assert client.post(address, {"token": other}).json() == {"lost": [other]}
    assert client.post(address, {"token": token, "leave": "1"}).status_code == 204


def test_progress_counts_pairs_once_and_only_as_far_as_rankings_need_them(curator, lead, problem):
    scope = ComparisonScope(problem=problem.pk)
    first, second, third = sorted(Trace.objects.filter(problem=problem).values_list("pk", flat=True))

    def said(person, one, other, verdict="first"):
        Comparison.objects.create(
            problem=problem,
            first_id=one,
            second_id=other,
            swapped=False,
            reviewer=person,
            verdict=verdict,
            key=uuid.uuid4(),
        )

    assert comparison_progress(scope, curator) == ComparisonProgress(0, 3, 0)
    said(curator, first, second)
    said(lead, first, second, "tie")
    said(curator, second, third, "skip")
    assert comparison_progress(scope, curator) == ComparisonProgress(1, 3, 1)
    said(lead, first, third, "both_bad")
    assert comparison_progress(ComparisonScope(), lead) == ComparisonProgress(2, 3, 2)
    assert comparison_progress(ComparisonScope(problem=problem.pk + 1), lead) == ComparisonProgress(0, 0, 0)


def test_rankings_of_problems_samplers_and_instructions_are_on_one_page(client, lead, curator, problem):
    open_pair(client, curator)
    for _ in range(3):
        say(client, "left")
    client.force_login(lead)
    page = " ".join(client.get(reverse("comparison_ranking")).content.decode().split())
    for words in ("Samplers", "Instructions", f"Traces of {problem.name}"):
        assert words in page


def test_a_problem_links_to_its_pairs_by_a_key(client, curator, problem):
    client.force_login(curator)
    page = client.get(reverse("problem_detail", args=[problem.pk])).content.decode()
    assert f"{reverse('comparison_next')}?problem={problem.pk}" in page
    assert 'data-key-label="Compare traces of this problem by pairs"' in page
    assert reverse("comparison_next") in client.get(reverse("queue_list")).content.decode()
