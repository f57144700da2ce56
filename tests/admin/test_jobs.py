"""Steering jobs from the admin: the page that asks, and what comes of it, for every kind and action."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from tests import factories
from tests.admin.pages import ask, confirm, form_of
from tests.jobs import MAKERS, make_job
from trajectories.admin.asking import MOST_AT_ONCE
from trajectories.models import JOB_KINDS, AuditEvent, Import, Run
from trajectories.models.job_kinds import RESUME, RETRY

ACTIONS = [(kind, verb) for kind, each in JOB_KINDS.items() for verb in each.moves]


def ready_for(kind, verb):
    """A job of a state in which that can be done."""
    job = make_job(kind)
    type(job).objects.filter(pk=job.pk).update(state=JOB_KINDS[kind].moves[verb].sources[0])
    if (kind, verb) == ("run", RETRY):
        failed = job.attempts.update(state="failed", error_kind="timeout", error_message="Nothing came in 60 s.")
        type(job).objects.filter(pk=job.pk).update(failed_count=failed)
    job.refresh_from_db()
    return job


@pytest.mark.parametrize(("kind", "verb"), ACTIONS)
def test_an_action_asks_first_and_then_is_done(as_chief, chief, kind, verb, django_capture_on_commit_callbacks):
    job = ready_for(kind, verb)
    before = job.state
    asked = ask(as_chief, verb, job)
    assert form_of(asked, type(job)).fields["action"].value == verb
    job.refresh_from_db()
    assert job.state == before, "nothing happens before somebody means it"
    with django_capture_on_commit_callbacks() as bells:
        done = confirm(as_chief, asked, type(job)).content.decode()
    job.refresh_from_db()
    move = JOB_KINDS[kind].moves[verb]
    assert job.state == move.target
    assert f"1 {JOB_KINDS[kind].title.lower()} {move.done}." in done
    event = AuditEvent.objects.latest("pk")
    assert (event.verb, event.actor, event.object_id) == (JOB_KINDS[kind].verb(move.done), chief, job.pk)
    if verb == RESUME:
        assert bells, "a bell is rung"


@pytest.mark.parametrize(("kind", "verb"), ACTIONS)
def test_the_page_of_a_row_has_a_button_for_it(as_chief, kind, verb):
    job = ready_for(kind, verb)
    address = reverse(f"admin:trajectories_{job._meta.model_name}_change", args=[job.pk])
    button = f'<input type="hidden" name="action" value="{verb}">'
    assert button in as_chief.get(address).content.decode()
    type(job).objects.filter(pk=job.pk).update(state="cancelled" if verb != RETRY else "running")
    assert button not in as_chief.get(address).content.decode(), "it would be refused"


@pytest.mark.parametrize("kind", MAKERS)
def test_looking_is_not_steering(client, nobody, kind):
    nobody.is_staff = True
    nobody.save()
    job = make_job(kind)
    model = job._meta.model_name
    viewing = [*(name.partition(".")[2] for name in JOB_KINDS[kind].permissions), f"view_{model}", "see_reviews"]
    nobody.user_permissions.set(Permission.objects.filter(codename__in=viewing))
    client.force_login(nobody)
    page = client.get(reverse(f"admin:trajectories_{model}_change", args=[job.pk]))
    assert page.status_code == 200
    assert 'name="action"' not in page.content.decode()
    for verb in JOB_KINDS[kind].moves:
        assert "asking" not in ask(client, verb, job).content.decode()
    job.refresh_from_db()
    assert job.state == "queued"


def test_a_job_that_refuses_is_named_and_stops_nobody_else(as_chief):
    active, ended = factories.plan(title="Active"), factories.make_run(state="finished", title="Long over")
    asked = ask(as_chief, "pause", active, ended)
    page = asked.content.decode()
    assert "The run is finished; only a queued or running one can be paused. Nothing will happen to it." in page
    done = confirm(as_chief, asked, Run).content.decode()
    assert "1 run paused." in done
    assert "Long over: The run is finished; only a queued or running one can be paused." in done
    assert set(Run.objects.values_list("state", flat=True)) == {"paused", "finished"}


def test_where_nothing_would_happen_there_is_nothing_to_confirm(as_chief):
    asked = ask(as_chief, "resume", factories.make_run(state="finished"))
    assert 'name="confirmed"' not in asked.content.decode()


def test_the_page_that_asks_shows_what_was_spent_of_which_budget(as_chief):
    job = make_job("judge_job")
    job.cost, job.budget_cost, job.input_tokens, job.budget_tokens = 1.25, 5, 900, 10_000
    job.save()
    page = ask(as_chief, "cancel", job).content.decode()
    assert "$1.25, of $5.00" in page
    assert "900, of 10,000" in page
    assert "0 of 1 traces" in page


def test_more_rows_than_a_page_shows_are_refused_and_none_is_steered(as_chief, monkeypatch):
    assert MOST_AT_ONCE == 100
    monkeypatch.setattr("trajectories.admin.asking.MOST_AT_ONCE", 2)
    runs = [factories.make_run(state="queued") for _ in range(3)]
    page = ask(as_chief, "pause", *runs).content.decode()
    assert "More than 2 rows are chosen; expected at most 2 at once. Nothing was done." in page
    assert set(Run.objects.values_list("state", flat=True)) == {"queued"}


def test_a_confirmation_of_who_lost_the_permission_meanwhile_does_nothing(client, nobody):
    nobody.is_staff = True
    nobody.save()
    nobody.user_permissions.set(Permission.objects.filter(codename__in=["view_run", "control_run"]))
    client.force_login(nobody)
    run = factories.plan()
    asked = ask(client, "cancel", run)
    nobody.user_permissions.remove(Permission.objects.get(codename="control_run"))
    confirm(client, asked, Run)
    run.refresh_from_db()
    assert run.state == "queued"


def test_an_import_of_problems_is_not_steered_by_who_may_import_traces_only(client, nobody):
    nobody.is_staff = True
    nobody.save()
    wanted = ["view_import", "add_trace", "see_reviews"]
    nobody.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    client.force_login(nobody)
    job = make_job("import")
    page = confirm(client, ask(client, "cancel", job), Import).content.decode()
    assert "you lack the permission trajectories.add_problem" in page
    job.refresh_from_db()
    assert job.state == "queued"


def test_an_import_that_was_not_refused_is_not_repeated(as_chief):
    job = make_job("import")
    page = ask(as_chief, "repeat", job).content.decode()
    assert "only a refused one can be imported without its bad rows" in page
    assert 'name="confirmed"' not in page


def test_a_refused_import_whose_files_are_gone_says_so(as_chief):
    job = make_job("import")
    Import.objects.filter(pk=job.pk).update(state="refused", files=[{"token": "0" * 32, "name": "a.jsonl"}])
    page = confirm(as_chief, ask(as_chief, "repeat", job), Import).content.decode()
    assert "The files are gone, or somebody else has sent them. Send them again." in page
    assert "0 imports begun again." in page
