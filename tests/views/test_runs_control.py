import pytest
from django.urls import reverse

from tests.factories import make_problem, plan
from tests.jobs import steering
from trajectories.models import AuditEvent, Run

ACTIONS = {"pause": "paused", "resume": "queued", "cancel": "cancelled"}


@pytest.fixture
def run(db):
    return plan(problems=[make_problem(), make_problem()])


def post(client, user, name, run):
    client.force_login(user)
    return client.post(steering("run", run, name), follow=True)


def state(run):
    run.refresh_from_db()
    return run.state


def test_pause_resume_and_cancel(client, lead, run):
    for name, expected in ACTIONS.items():
        response = post(client, lead, name, run)
        assert response.redirect_chain == [(reverse("run_detail", args=[run.pk]), 302)]
        assert state(run) == expected
    assert set(AuditEvent.objects.filter(actor=lead).values_list("verb", flat=True)) == {
        "paused",
        "resumed",
        "cancelled",
    }


def test_resuming_rings_the_bell(client, lead, run, django_capture_on_commit_callbacks):
    Run.objects.filter(pk=run.pk).update(state="paused")
    client.force_login(lead)
    with django_capture_on_commit_callbacks() as bells:
        client.post(steering("run", run, "resume"))
    assert len(bells) == 1, "the first bell rings the others"


def test_what_the_state_does_not_allow_is_said_and_changes_nothing(client, lead, run):
    text = post(client, lead, "resume", run).content.decode()
    assert "The run is queued; only a paused one can be resumed." in text
    assert state(run) == "queued"


@pytest.mark.parametrize("name", ACTIONS)
def test_others_may_not(client, curator, engineer, nobody, run, name):
    for user in (curator, engineer, nobody):
        assert post(client, user, name, run).status_code == 403
    assert state(run) == "queued"


@pytest.mark.parametrize("name", ACTIONS)
def test_only_by_post_and_only_a_run_that_exists(client, lead, run, name):
    client.force_login(lead)
    assert client.get(steering("run", run, name)).status_code == 405
    assert client.post(steering("run", Run(pk=run.pk + 1), name)).status_code == 404
    assert state(run) == "queued"


def test_not_without_the_token_of_the_form(lead, run):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(lead)
    assert client.post(steering("run", run, "cancel")).status_code == 403
    assert state(run) == "queued"


def failed(run, kind="timeout", **fields):
    """The run as it is once every attempt of it has failed."""
    count = run.attempts.update(state="failed", error_kind=kind, error_message="Nothing came in 60 s.")
    Run.objects.filter(pk=run.pk).update(**{"state": "failed", "failed_count": count} | fields)
    return run


def test_failed_samples_are_drawn_again_from_the_page_of_the_run(client, lead, curator, run):
    again = steering("run", run, "retry")
    client.force_login(lead)
    assert again not in client.get(reverse("run_detail", args=[run.pk])).content.decode(), "it is under way"
    failed(run)
    page = client.get(reverse("run_detail", args=[run.pk])).content.decode()
    assert again in page
    assert f"Draw {run.attempts.count()} failed again" in page
    assert 'id="budget"' in page, "a budget that is spent can be raised first"
    client.force_login(curator)
    assert again not in client.get(reverse("run_detail", args=[run.pk])).content.decode()
    assert post(client, curator, "retry", run).status_code == 403
    assert state(run) == "failed"
    post(client, lead, "retry", run)
    assert state(run) == "queued"
    assert set(run.attempts.values_list("state", flat=True)) == {"pending"}
    assert AuditEvent.objects.get(verb="retried").data == {"attempts": run.attempts.count()}


@pytest.mark.parametrize(("kind", "offered"), [("timeout", True), ("exhausted", False)])
def test_the_list_of_jobs_offers_it_where_something_failed(client, lead, run, kind, offered):
    client.force_login(lead)
    Run.objects.filter(pk=run.pk).update(state="finished")
    assert "Draw failed again" not in client.get(reverse("job_list")).content.decode()
    failed(run, kind, state="finished")
    address = reverse("job_steer", args=["run", run.pk, "retry"])
    for page in (reverse("job_list"), reverse("run_detail", args=[run.pk])):
        assert (address in client.get(page).content.decode()) is offered
