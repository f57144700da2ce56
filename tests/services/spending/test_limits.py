"""Ceilings that superusers set: of a project, and of all projects together, whoever spends in whichever."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from tests.endpoint import flip_endpoint, sampler_for
from tests.jobs import model
from tests.judging import job_over, works
from tests.projects import another_project
from tests.services.spending.test_holding import PRICES, again, chat_run
from trajectories.adapters.acting import acting_in
from trajectories.models import AuditEvent, JudgeJob, Sampler, SpendAlert, SpendDay, SpendLimit
from trajectories.selectors.spending import in_flight, limits_for, list_standings, spent_today, today_utc
from trajectories.services.runs.chat_sampling import sample_session
from trajectories.services.spending.alerts import note_alerts
from trajectories.services.spending.holding import hold_calls
from trajectories.services.spending.ledger import Payer
from trajectories.services.spending.limits import lift_limit, set_limit
from trajectories.tasks.spending import sweep_spending

pytestmark = pytest.mark.django_db(transaction=True)
TOGETHER, CEILING = SpendLimit.Scope.TOGETHER.value, SpendLimit.Scope.CEILING.value


@pytest.fixture
def project(transactional_db):
    return another_project()


@pytest.mark.parametrize("scope", [TOGETHER, CEILING])
def test_only_superusers_set_and_lift_them(admin_user, lead, scope):
    with pytest.raises(PermissionDenied):
        set_limit(actor=lead, scope=scope, amount=Decimal(1))
    limit = set_limit(actor=admin_user, scope=scope, amount=Decimal(1))
    with pytest.raises(PermissionDenied):
        lift_limit(actor=lead, limit_id=limit.pk, of_all_projects=scope == TOGETHER)
    assert SpendLimit.objects.get() == limit
    lift_limit(actor=admin_user, limit_id=limit.pk, of_all_projects=scope == TOGETHER)
    assert not SpendLimit.objects.exists()
    assert set(AuditEvent.objects.filter(actor=admin_user).values_list("verb", flat=True)) == {
        "spend_limit.set", "spend_limit.lifted",
    }  # fmt: skip


def test_a_ceiling_holds_beside_what_the_projects_admins_set(admin_user, lead):
    with flip_endpoint() as endpoint:
        run = chat_run(sampler_for(endpoint, **PRICES), actor=lead)
        set_limit(actor=lead, scope="all", amount=Decimal(1000))
        set_limit(actor=admin_user, scope=CEILING, amount=Decimal("0.0001"))
        sample_session(run_id=run.pk, on_traces=lambda _: None)
        assert again(run).state == "paused"
        assert run.state_reason.startswith("The daily limit of all jobs, set by superusers, $0.0001, has ")
        assert not endpoint.calls


def test_what_one_project_spends_is_gone_for_the_others_and_comes_back_when_the_ceiling_is_raised(
    project, admin_user, lead
):
    with flip_endpoint() as endpoint:
        mine = chat_run(sampler_for(endpoint, **PRICES), actor=lead)
        sample_session(run_id=mine.pk, on_traces=lambda _: None)
        spent = again(mine).cost
        assert spent > 0
        with acting_in(project.pk):
            limit = set_limit(actor=admin_user, scope=TOGETHER, amount=spent)
            assert spent_today(limit) == spent, "what the first project took"
            theirs = chat_run(sampler_for(endpoint, **PRICES), actor=lead)
            calls = len(endpoint.calls)
            sample_session(run_id=theirs.pk, on_traces=lambda _: None)
            assert (again(theirs).state, len(endpoint.calls)) == ("paused", calls)
            assert "The daily limit of all projects together" in theirs.state_reason
            assert f"{spent:.4f} spent" not in theirs.state_reason, "what others spend is theirs to know"
            set_limit(actor=admin_user, scope=TOGETHER, amount=spent + 10)
            sweep_spending()
            assert again(theirs).state == "queued"
            sample_session(run_id=theirs.pk, on_traces=lambda _: None)
            assert again(theirs).done_count == 4
            assert spent_today(limit) == spent + theirs.cost
        assert SpendLimit.objects.get(scope=TOGETHER).amount == spent + 10, "the first project keeps it"
        with acting_in(project.pk):
            assert not SpendLimit.objects.exists()


def test_calls_in_flight_elsewhere_count_and_the_jobs_own_do_not_count_twice(project, admin_user, lead):
    limit = set_limit(actor=admin_user, scope=TOGETHER, amount=Decimal(3))

    def begun(number: int | None = None) -> tuple[Payer, Sampler]:
        """A job that a worker is at, of a number where one is given."""
        job = job_over(works("right"), model())
        if number is not None and job.pk != number:
            job.pk = number
            job.save(force_insert=True)
        JudgeJob.objects.filter(pk=job.pk).update(lease_expires_at=timezone.now() + timedelta(hours=1))
        return Payer("judge_job", job.pk, job.sampler_id, lead.pk), job.sampler

    (mine, sampler) = begun()
    assert hold_calls(payer=mine, sampler=sampler, flying=Decimal(0), more=Decimal(2)) == ""
    with acting_in(project.pk):
        (theirs, other) = begun(mine.job_id)
        assert theirs.job_id == mine.job_id, "two jobs of one number"
        assert in_flight(limit) == 2
        lack = hold_calls(payer=theirs, sampler=other, flying=Decimal(0), more=Decimal(2))
        assert lack.startswith("The daily limit of all projects together, $3.00, has $1.00 left; a call")
    assert hold_calls(payer=mine, sampler=sampler, flying=Decimal(2), more=Decimal(1)) == "", "its own count once"
    assert in_flight(limit) == 3


def test_it_is_locked_after_the_limits_of_the_project(project, admin_user):
    set_limit(actor=admin_user, scope=TOGETHER, amount=Decimal(1))
    for place in (None, project.pk):
        with acting_in(place):
            set_limit(actor=admin_user, scope="all", amount=Decimal(1))
            set_limit(actor=admin_user, scope=CEILING, amount=Decimal(1))
            scopes = [limit.scope for limit in limits_for(sampler_name="any", person_id=None)]
            assert scopes == ["all", CEILING, TOGETHER]


def test_it_is_warned_of_once_by_the_project_that_keeps_it(project, admin_user, lead):
    set_limit(actor=admin_user, scope=TOGETHER, amount=Decimal("0.0001"))
    with acting_in(project.pk):
        with flip_endpoint() as endpoint:
            sampler = sampler_for(endpoint, **PRICES)
        SpendDay.objects.create(day="2020-01-01", kind="run", sampler=sampler, cost=9)
        assert [each.level for each in list_standings()] == [""], "another day"
        SpendDay.objects.update(day=today_utc())
        assert [each.level for each in list_standings()] == ["reached"]
        assert (note_alerts(), SpendAlert.objects.count()) == ([], 0)
    [alert] = note_alerts()
    assert (alert.limit.scope, alert.level, alert.spent) == (TOGETHER, "reached", 9)


def test_the_page_lets_superusers_set_them_and_shows_them_to_all_who_see_spending(client, project, admin_user, lead):
    address = reverse("spending")
    client.force_login(admin_user)
    for scope in (TOGETHER, CEILING):
        assert client.post(reverse("spend_limit_set"), {"subject": scope, "amount": "5"}).status_code == 302
    limit = SpendLimit.objects.get(scope=TOGETHER)
    page = client.get(address).content.decode()
    assert "All projects together" in page
    assert "Lift the limit of all projects together" in page
    client.force_login(lead)
    page = client.get(address).content.decode()
    assert "All projects together" in page
    assert "All jobs, set by superusers" in page
    assert "Lift the limit of" not in page
    client.force_login(admin_user)
    client.post(reverse("spend_limit_lift", args=[limit.pk]))
    assert SpendLimit.objects.filter(pk=limit.pk).exists(), "an id of which nobody said that it is of all projects"
    client.post(reverse("spend_limit_lift", args=[limit.pk]), {"scope": TOGETHER})
    assert not SpendLimit.objects.filter(pk=limit.pk).exists()


def test_an_admin_of_a_project_is_offered_none_and_refused_by_hand(client, lead, admin_user):
    lead.user_permissions.add(Permission.objects.get(codename="change_spendlimit"))
    limit = set_limit(actor=admin_user, scope=CEILING, amount=Decimal(1))
    client.force_login(lead)
    page = client.get(reverse("spending")).content.decode()
    assert "Set by superusers alone" not in page
    assert "Lift the limit of" not in page
    assert client.post(reverse("spend_limit_set"), {"subject": CEILING, "amount": "5"}).status_code == 422
    assert client.post(reverse("spend_limit_lift", args=[limit.pk])).status_code == 403
    assert SpendLimit.objects.get().amount == 1


def test_where_there_is_one_project_nobody_reads_of_projects(client, admin_user):
    client.force_login(admin_user)
    page = client.get(reverse("spending")).content.decode()
    assert "All projects together" not in page
    assert "All jobs, as a ceiling" in page
