"""Budgets of runs and campaigns that are nearly spent."""

from decimal import Decimal

import pytest

from tests import campaigns, factories
from tests.receiver import allow
from trajectories.adapters.training import TRAINERS
from trajectories.models import AuditEvent, Campaign, Generation, Run, WebhookEvent
from trajectories.services.spending.budget_alerts import note_low_budgets
from trajectories.services.webhooks.steering import make_webhook

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def hook(lead, settings):
    allow(settings, "")
    return make_webhook(actor=lead, title="Team", address="https://hooks.example.org/a", events=["budget.low"])


def told():
    return [event.data for event in WebhookEvent.objects.order_by("pk")]


def test_a_run_is_told_of_once_for_each_budget_that_is_low(lead):
    run = factories.make_run(state="running", title="Nightly", budget_cost=Decimal(10), budget_tokens=1_000)
    Run.objects.filter(pk=run.pk).update(cost=Decimal(8), input_tokens=500, output_tokens=300)
    assert note_low_budgets() == 0  # 80% and no more
    Run.objects.filter(pk=run.pk).update(cost=Decimal("8.5"))
    assert [note_low_budgets() for _ in range(2)] == [1, 0]
    (low,) = told()
    assert (low["id"], low["title"], low["page"]) == (run.pk, "Nightly", f"/runs/{run.pk}/")
    assert (Decimal(low["amount"]), Decimal(low["spent"]), low["level"]) == (10, Decimal("8.5"), "warning")
    Run.objects.filter(pk=run.pk).update(state="paused", output_tokens=301)
    assert [note_low_budgets() for _ in range(2)] == [1, 0]
    assert (told()[1]["amount"], told()[1]["spent"], told()[1]["currency"]) == ("1000", "801", "tokens")
    Run.objects.filter(pk=run.pk).update(budget_cost=Decimal(20), cost=Decimal(17))
    assert note_low_budgets() == 1
    assert AuditEvent.objects.filter(verb="run.budget_low", object_id=run.pk).count() == 3


def test_what_has_no_budget_or_has_ended_is_not_told_of(lead):
    factories.make_run(state="running", cost=Decimal(100), input_tokens=10**9)
    factories.make_run(state="finished", budget_cost=Decimal(1), cost=Decimal(1))
    assert (note_low_budgets(), told()) == (0, [])


def test_a_campaign_is_told_of_by_what_its_runs_have_spent(lead, monkeypatch):
    trainer = campaigns.CoachingTrainer()
    monkeypatch.setitem(TRAINERS, trainer.key, trainer)
    campaign = campaigns.begin(lead)
    Campaign.objects.filter(pk=campaign.pk).update(budget_tokens=1_000)
    run = factories.make_run(state="finished", input_tokens=700, output_tokens=101)
    Generation.objects.create(campaign=campaign, number=0, arm="champion", evaluation=run)
    assert [note_low_budgets() for _ in range(2)] == [1, 0]
    (low,) = told()
    assert (low["id"], low["spent"], low["page"]) == (campaign.pk, "801", f"/campaigns/{campaign.pk}/")
    assert low["limit"] == f"campaign “{campaign.title}”"
