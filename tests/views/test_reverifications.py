import pytest
from django.urls import reverse

from tests.factories import make_trace, make_verdict
from tests.jobs import steering
from trajectories.core.selections import Selection
from trajectories.models import Reverification
from trajectories.services.verification.reverifications import plan_reverification


@pytest.fixture
def trace(problem):
    trace = make_trace(problem=problem)
    make_verdict(trace=trace, outcome="fail")
    return trace


@pytest.fixture
def job(trace, lead):
    return plan_reverification(actor=lead, scope=Selection(problem=trace.problem_id), verifiers=["arc_test"])


def test_a_lead_asks_for_a_selection_to_be_verified_again(client, lead, trace):
    client.force_login(lead)
    address = reverse("reverification_new") + f"?problem={trace.problem_id}"
    assert "1</strong> trace" in client.get(address).content.decode()
    response = client.post(address, {"verifiers": ["arc_test", "arc_train"]})
    job = Reverification.objects.get()
    assert response.url == reverse("reverification_detail", args=[job.pk])
    assert (job.rule.query(), job.total_count, job.created_by) == (f"problem={trace.problem_id}", 1, lead)


def test_without_a_verifier_the_form_comes_back(client, lead, trace):
    client.force_login(lead)
    response = client.post(reverse("reverification_new"), {})
    assert response.status_code == 422
    assert "Choose at least one verifier." in response.content.decode()
    assert not Reverification.objects.exists()


def test_a_curator_may_look_but_not_ask(client, curator, job):
    client.force_login(curator)
    assert client.get(reverse("reverification_list")).status_code == 200
    assert client.get(reverse("reverification_detail", args=[job.pk])).status_code == 200
    assert client.get(reverse("reverification_new")).status_code == 403
    assert client.post(steering("reverification", job, "cancel")).status_code == 403


def test_somebody_without_a_role_sees_nothing(client, nobody, job):
    client.force_login(nobody)
    assert client.get(reverse("reverification_list")).status_code == 403
    assert client.get(reverse("reverification_detail", args=[job.pk])).status_code == 403


def test_a_job_is_cancelled_by_post_only(client, lead, job):
    client.force_login(lead)
    assert client.get(steering("reverification", job, "cancel")).status_code == 405
    client.post(steering("reverification", job, "cancel"))
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_the_page_polls_only_while_the_job_is_active(client, lead, job):
    client.force_login(lead)
    address = reverse("reverification_detail", args=[job.pk])
    assert "every 2s" in client.get(address, headers={"HX-Request": "true"}).content.decode()
    Reverification.objects.update(state="finished")
    assert "every 2s" not in client.get(address, headers={"HX-Request": "true"}).content.decode()


def test_changed_verdicts_are_listed_with_both_words(client, curator, trace, django_assert_num_queries):
    make_verdict(trace=trace, version=2, outcome="pass", previous_outcome="fail")
    client.force_login(curator)
    with django_assert_num_queries(5):
        page = client.get(reverse("reverification_list")).content.decode()
    assert trace.problem.name in page
    assert page.index("Fail") < page.index("Pass")


def test_a_trace_shows_the_newest_word_and_its_history(client, curator, trace):
    make_verdict(trace=trace, version=2, outcome="pass", previous_outcome="fail", message="second thought")
    client.force_login(curator)
    page = client.get(reverse("trace_detail", args=[trace.pk])).content.decode()
    assert "1 earlier verdict" in page
    assert page.index("second thought") < page.index("1 earlier verdict")
