"""Campaigns of language models are planned where only a worker has what trains them."""

import pytest

from tests import factories
from tests.campaigns import begin
from trajectories.adapters.training import TRAINERS
from trajectories.core.faults import Fault
from trajectories.models import Campaign

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _not_here(monkeypatch):
    """The process that plans lacks the trainer of tests.campaigns."""
    monkeypatch.setattr(TRAINERS["coach"], "missing", lambda: "torch is not installed here.")


def test_nobody_plans_what_neither_this_process_nor_a_living_worker_can_train(lead):
    factories.make_worker(trainers="coach", silent=True)
    factories.make_worker(trainers="embedded package")
    with pytest.raises(
        Fault, match=r"^Trainer: torch is not installed here\. No worker that is alive can do it either\.$"
    ) as refusal:
        begin(lead)
    assert refusal.value.field == "trainer"
    assert not Campaign.objects.exists()


def test_a_worker_that_has_the_trainer_is_enough(lead):
    factories.make_worker(trainers="embedded coach package")
    campaign = begin(lead)
    assert (campaign.state, campaign.kept_plan.trainer) == ("queued", "coach")
