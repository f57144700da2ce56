import uuid

import pytest
from django.urls import reverse

from tests.factories import make_problem, make_trace, make_verdict
from tests.generation import augmenting_plan, run_through, waiting_candidate
from tests.pages import squeezed
from trajectories.models import Problem, ProblemCandidate, ReviewLease
from trajectories.services.generation.candidate_leases import claim_candidate
from trajectories.services.generation.candidates import accept_candidate
from trajectories.services.generation.jobs import plan_generation

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def address(name, candidate):
    return reverse(f"candidate_{name}", args=[candidate.pk])


def form_of(candidate, **values):
    lease = ReviewLease.objects.filter(candidate=candidate).first()
    return {"lease": lease.token if lease else uuid.uuid4(), "key": uuid.uuid4(), **values}


@pytest.fixture
def reviewer(client, curator):
    client.force_login(curator)
    return curator


@pytest.fixture
def candidate(db):
    return waiting_candidate()


def test_next_takes_a_candidate_and_shows_what_speaks_for_it(client, reviewer, candidate):
    response = client.get(reverse("candidate_next"))
    assert response.url == address("detail", candidate)
    page = squeezed(client.get(response.url))
    for words in ("4 of 5 samples agree", "agreement of samples", "kite", candidate.statement, "0 of 1 reviewed"):
        assert words in page
    assert ReviewLease.objects.get(candidate=candidate).holder == reviewer


def test_accepting_brings_the_next_one_with_its_address(client, reviewer, candidate):
    following = waiting_candidate()
    client.get(address("detail", candidate))
    response = client.post(address("decide", candidate), form_of(candidate, decision="accept"), headers=HTMX)
    assert response.status_code == 200
    assert response["HX-Push-Url"] == address("detail", following)
    assert following.statement in squeezed(response)
    candidate.refresh_from_db()
    assert candidate.state == "accepted"
    assert Problem.objects.get().name == candidate.name


def test_without_javascript_the_same_form_leads_on(client, reviewer, candidate):
    client.get(address("detail", candidate))
    response = client.post(address("decide", candidate), form_of(candidate, decision="accept"), follow=True)
    assert "Nothing waits for review" in squeezed(response)


def test_rejecting_needs_a_reason_and_a_comment_where_it_is_another(client, reviewer, candidate):
    client.get(address("detail", candidate))
    response = client.post(address("decide", candidate), form_of(candidate, decision="reject"), headers=HTMX)
    assert response.status_code == 422
    form = form_of(candidate, decision="reject", reason="other")
    response = client.post(address("decide", candidate), form, headers=HTMX)
    assert response.status_code == 422
    assert "needs a comment that says what" in squeezed(response)
    client.post(address("decide", candidate), form_of(candidate, decision="reject", reason="ambiguous"), headers=HTMX)
    candidate.refresh_from_db()
    assert candidate.state == "rejected"
    assert "More than one answer" in squeezed(client.get(address("detail", candidate)))


def test_what_somebody_else_holds_can_be_read_but_not_decided(client, reviewer, candidate, lead):
    claim_candidate(reviewer=lead, candidate_id=candidate.pk)
    page = squeezed(client.get(address("detail", candidate)))
    assert "lena is looking at this one now." in page
    assert 'value="accept"' not in page
    response = client.post(address("decide", candidate), form_of(candidate, decision="accept"), headers=HTMX)
    assert response.status_code == 422
    assert "Somebody else has taken this candidate" in squeezed(response)
    assert "The rest is being looked at" in squeezed(client.get(reverse("candidate_next")))


def test_a_change_stays_on_the_screen_and_shows_what_changed(client, reviewer, candidate):
    client.get(address("detail", candidate))
    change = form_of(candidate, statement="A kite costs 40 coins and a lamp 5. What do both cost?", answer="45")
    page = squeezed(client.post(address("edit", candidate), change, headers=HTMX))
    assert "<del>11 </del><ins>40 </ins>" in page.replace("\n", "")
    assert "written by a reviewer" in page
    response = client.post(
        address("edit", candidate), form_of(candidate, statement="How?", answer="soon"), headers=HTMX
    )
    assert response.status_code == 422
    assert "which its own verifier refuses" in squeezed(response)


def test_undo_brings_the_candidate_back(client, reviewer, candidate):
    client.get(address("detail", candidate))
    client.post(address("decide", candidate), form_of(candidate, decision="accept"))
    response = client.post(reverse("candidate_undo"), {"key": uuid.uuid4()}, headers=HTMX)
    assert response["HX-Push-Url"] == address("detail", candidate)
    assert "Your decision on this candidate is undone." in squeezed(response)
    assert not Problem.objects.exists()
    response = client.post(reverse("candidate_undo"), {"key": uuid.uuid4()}, headers=HTMX)
    assert "There is no decision of yours to undo." in squeezed(response)


def test_a_lease_is_kept_lost_and_given_up(client, reviewer, candidate, lead):
    client.get(address("detail", candidate))
    leases, form = reverse("review_leases"), {"token": str(form_of(candidate)["lease"])}
    assert client.post(leases, form).json() == {"lost": []}
    assert client.post(leases, {**form, "leave": "1"}).status_code == 204
    assert claim_candidate(reviewer=lead, candidate_id=candidate.pk) is not None
    assert client.post(leases, form).json() == {"lost": [form["token"]]}


def test_what_the_checks_sorted_out_may_be_put_into_the_queue(client, reviewer):
    beaten = waiting_candidate(
        state="unsolvable",
        reference="9",
        stated="9",
        reason="4 of 5 samples agree, but on another answer than the author's.",
    )
    page = squeezed(client.get(address("detail", beaten)))
    assert "the author’s answer stands" in page
    assert "Put it into the queue anyway" in page
    client.post(address("requeue", beaten), {"key": uuid.uuid4()})
    beaten.refresh_from_db()
    assert beaten.state == "waiting"
    response = client.post(address("requeue", beaten), {"key": uuid.uuid4()}, follow=True)
    assert "there is nothing to overrule" in squeezed(response)


def test_the_nearest_neighbour_stands_beside_it_word_by_word(client, reviewer):
    near = make_problem(kind="numeric", statement="A kite costs 11 coins. What does it cost?", spec={}, reference="11")
    candidate = waiting_candidate(neighbour_problem=near, similarity=0.52)
    page = squeezed(client.get(address("detail", candidate)))
    assert "52% alike" in page
    assert near.name in page
    assert "<ins>" in page


def test_an_arc_candidate_is_drawn_with_its_votes(client, reviewer, problem):
    job = plan_generation(actor=None, plan=augmenting_plan(problem.problem_set))
    run_through(job)
    page = squeezed(client.get(address("detail", ProblemCandidate.objects.filter(job=job).first())))
    assert page.count('<svg class="grid"') >= 6
    assert "Source" in page


def test_hostile_text_is_shown_and_not_run(client, reviewer):
    candidate = waiting_candidate(
        statement="<script>alert(1)</script> How many? ![x](http://evil.example/x.png)", said="<b>", state="waiting"
    )
    page = squeezed(client.get(address("detail", candidate)))
    assert "<script>alert(1)" not in page
    assert 'src="http://evil.example' not in page
    assert "<script>alert(1)" not in squeezed(client.get(reverse("candidate_list")))


def test_the_list_filters_by_job_state_and_words_and_counts(client, reviewer, candidate):
    rejected = waiting_candidate(state="rejected", statement="How many owls?")
    page = squeezed(client.get(reverse("candidate_list")))
    assert candidate.statement in page
    assert rejected.statement in page
    page = squeezed(client.get(reverse("candidate_list"), {"state": "rejected", "job": candidate.job_id}))
    assert rejected.statement in page
    assert candidate.statement not in page
    assert "No candidate fits" in squeezed(client.get(reverse("candidate_list"), {"q": "zeppelin"}))
    assert client.get(reverse("candidate_list"), {"job": "x", "state": "y", "before": "z"}).status_code == 200


def test_an_empty_list_says_what_to_do(client, lead):
    client.force_login(lead)
    assert "No candidates yet" in squeezed(client.get(reverse("candidate_list")))


def test_the_problem_says_what_its_answer_rests_on(client, reviewer, candidate):
    held = claim_candidate(reviewer=reviewer, candidate_id=candidate.pk)
    accept_candidate(reviewer=reviewer, candidate_id=held.candidate_id, token=held.token, key=uuid.uuid4())
    page = squeezed(client.get(reverse("problem_detail", args=[Problem.objects.get().pk])))
    assert "agreement of samples (4 of 5), not a ground truth" in page
    assert address("detail", candidate) in page
    trace = make_trace(problem=Problem.objects.get(), answer="16")
    make_verdict(trace=trace, verifier="numeric")
    page = squeezed(client.get(reverse("trace_detail", args=[trace.pk])))
    assert "Verified by an answer that is no ground truth: agreement of samples." in page


@pytest.mark.parametrize("name", ["decide", "edit", "requeue"])
def test_only_reviewers_decide_and_only_by_post(client, engineer, lead, candidate, name):
    client.force_login(engineer)
    assert client.get(address("detail", candidate)).status_code == 200
    assert client.post(address(name, candidate)).status_code == 403
    assert client.get(reverse("candidate_next")).status_code == 403
    assert client.post(reverse("candidate_undo")).status_code == 403
    client.force_login(lead)
    assert client.get(address(name, candidate)).status_code == 405
    assert client.post(reverse(f"candidate_{name}", args=[10**6])).status_code in (400, 404)


def test_somebody_without_a_role_sees_nothing(client, nobody, candidate):
    client.force_login(nobody)
    assert client.get(reverse("candidate_list")).status_code == 403
    assert client.get(address("detail", candidate)).status_code == 403


def test_a_decision_behind_the_page_answers_with_progress_and_undo_and_a_refusal_with_one_sentence(
    client, reviewer, candidate
):
    refused = client.post(
        address("decide", candidate), form_of(candidate, decision="reject", then="behind"), headers=HTMX
    )
    assert (refused.status_code, refused.headers["Content-Type"][:10]) == (422, "text/plain")
    assert "a rejection needs one" in squeezed(refused)
    form = form_of(candidate, decision="accept", then="behind")
    page = squeezed(client.post(address("decide", candidate), form, headers=HTMX))
    assert page.count("hx-swap-oob") == 3
    assert "1 of 1 reviewed" in page
    ahead = client.get(reverse("candidate_next") + f"?after={candidate.pk}", headers={**HTMX, "X-Ahead": "1"})
    assert ahead.status_code == 204


def test_a_skip_lets_go_of_it_and_it_comes_again(client, reviewer, candidate):
    form_of(candidate)
    response = client.post(address("skip", candidate), {"then": "behind"}, headers=HTMX)
    assert "hx-swap-oob" in squeezed(response)
    assert not ReviewLease.objects.filter(candidate=candidate, holder=reviewer).exists()
    assert client.post(address("skip", candidate)).headers["Location"] == reverse(
        "candidate_detail", args=[candidate.pk]
    )


def test_a_refused_form_comes_back_with_its_fields_where_the_lease_was_let_go_meanwhile(client, reviewer, candidate):
    form = form_of(candidate, decision="reject")
    ReviewLease.objects.all().delete()
    page = squeezed(client.post(address("decide", candidate), form, headers=HTMX))
    assert 'name="decision"' in page
    assert ReviewLease.objects.get(candidate=candidate).holder == reviewer
