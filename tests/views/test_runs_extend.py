import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import plan
from trajectories.models import Run


@pytest.fixture
def run(db):
    run = plan(samples_each=2)
    run.attempts.update(state="failed")
    Run.objects.filter(pk=run.pk).update(
        state="finished", failed_count=2, started_at=timezone.now(), finished_at=timezone.now()
    )
    run.refresh_from_db()
    return run


def post(client, user, run, value):
    client.force_login(user)
    return client.post(reverse("run_extend", args=[run.pk]), {"samples_each": value}, follow=True)


def test_more_of_each_is_planned_and_its_bell_rung(client, lead, run, django_capture_on_commit_callbacks):
    client.force_login(lead)
    assert reverse("run_extend", args=[run.pk]) in client.get(reverse("run_detail", args=[run.pk])).content.decode()
    with django_capture_on_commit_callbacks() as bells:
        response = post(client, lead, run, 5)
    assert len(bells) == 1
    assert "3 more samples are planned." in response.content.decode()
    run.refresh_from_db()
    assert (run.state, run.planned_count) == ("queued", 5)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("2", "Samples each is 2; expected more than 2"),
        ("many", "Found &#x27;many&#x27;, expected a whole number from 2 to 10,000."),
        ("10001", "Found 10,001, expected a whole number from 2 to 10,000."),
        ("", "Found nothing, expected a whole number from 2 to 10,000."),
    ],
)
def test_a_number_that_is_none_is_said_and_changes_nothing(client, lead, run, value, message):
    page = post(client, lead, run, value)
    assert page.status_code == 422
    assert page.context["extend_form"].errors.keys() == {"samples_each"}
    assert message in page.content.decode()
    assert run.attempts.count() == 2


def test_others_may_not_and_only_by_post(client, lead, curator, engineer, nobody, run):
    for user in (curator, engineer, nobody):
        assert post(client, user, run, 5).status_code == 403
    client.force_login(lead)
    assert client.get(reverse("run_extend", args=[run.pk])).status_code == 405
    assert client.post(reverse("run_extend", args=[run.pk + 1]), {"samples_each": 5}).status_code == 404
    assert run.attempts.count() == 2


def test_a_run_that_is_under_way_or_adapts_offers_no_more(client, lead, run):
    client.force_login(lead)
    for change in ({"state": "running"}, {"state": "finished", "strategy": "until-solved"}):
        Run.objects.filter(pk=run.pk).update(**change)
        page = client.get(reverse("run_detail", args=[run.pk])).content.decode()
        assert reverse("run_extend", args=[run.pk]) not in page
