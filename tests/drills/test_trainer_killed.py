"""A campaign that tunes a language model with trl, whose trainer, worker and database are killed while it trains.

Needs `make training`; about three minutes of a processor.
"""

import os
import signal

import psutil
import pytest

from tests.campaigns import begin, two_sets
from tests.drills.processes import let_time_pass
from tests.drills.tuned_coach import GAIN, TINY, TunedCoach
from tests.local_models import WHERE_MODELS_ARE_TRAINED
from tests.worker import empty_queues, wait_for
from trajectories.adapters.training import TRAINERS
from trajectories.models import Campaign, Release, Sampler, Training, TrainingPoint
from trajectories.services.campaigns.steering import resume_campaign
from trajectories.services.jobs.outages import patiently
from trajectories.services.training.work import training_folder

pytestmark = [pytest.mark.django_db(transaction=True), WHERE_MODELS_ARE_TRAINED]
SECONDS = 600
"""So long one step may take on a busy machine; a trainer needs most of a minute to begin."""


@pytest.fixture
def storm_database(own_database):
    return own_database


@pytest.fixture
def campaign(storm, lead, monkeypatch) -> Campaign:
    monkeypatch.setitem(TRAINERS, TunedCoach.key, TunedCoach())
    storm.worker.include("tests.drills.worker_trl")
    found = begin(lead, sets=two_sets(6, 4), trainer=TunedCoach.key, parameters={"seed": 1}, generations=1,
                  samples_each=2, held_out_samples=2)  # fmt: skip
    empty_queues()
    let_time_pass()
    storm.start()
    return found


def test_a_training_of_a_campaign_survives_kills_of_trainer_database_and_worker(campaign, storm, lead, client):
    training = wait_for(begun, "a training of the campaign", seconds=SECONDS)
    wait_for_step(training, 1)
    os.kill(trainer_of(storm), signal.SIGKILL)
    wait_for(lambda: state_of(campaign) == "paused", "the campaign to be paused", seconds=SECONDS)
    campaign.refresh_from_db()
    assert "It was killed" in campaign.state_reason
    resume_campaign(actor=lead, job_id=campaign.pk)
    kept = newest_checkpoint(training)
    wait_for_step(training, kept + 1)
    client.force_login(lead)
    storm.database.crash(client)
    wait_for_step(training, newest_checkpoint(training) + 1)
    storm.kill(beat=False)
    let_time_pass()
    storm.start()
    wait_for(lambda: state_of(campaign) not in ("queued", "running"), "the end of the campaign", seconds=2 * SECONDS)
    campaign.refresh_from_db()
    assert (campaign.state, campaign.state_reason) == ("finished", "")
    assert_trained_once(campaign, training)


def begun() -> Training | None:
    """The training that is under way."""
    return patiently(Training.objects.filter(state="running").first)


def newest_checkpoint(training) -> int:
    """The step of the newest whole checkpoint on the disk, 0 for none."""
    found = (training_folder(training.pk) / "trained").glob("checkpoint-*/whole.json")
    return max((int(mark.parent.name.removeprefix("checkpoint-")) for mark in found), default=0)


def wait_for_step(training, step) -> None:
    assert step < TINY["steps"], "it is over before it is killed"
    wait_for(lambda: newest_checkpoint(training) >= step, f"the checkpoint of step {step}", seconds=SECONDS)


def trainer_of(storm) -> int:
    """The process that trains, within its enclosure."""
    family = psutil.Process(storm.worker.process.pid).children(recursive=True)
    found = [each for each in family if "trajectories.adapters.local_models.inside.train" in each.cmdline()]
    return found[-1].pid


def state_of(campaign) -> str:
    return patiently(lambda: Campaign.objects.values_list("state", flat=True).get(pk=campaign.pk))


def assert_trained_once(campaign, first) -> None:
    rows = list(campaign.generations.order_by("pk"))
    assert [row.stage for row in rows] == ["done"] * 3
    trainings = {row.training_id for row in rows if row.training_id is not None}
    assert set(Training.objects.values_list("pk", flat=True)) == trainings
    assert len(trainings) == Release.objects.count() == 2
    made = Sampler.objects.filter(artefact__isnull=False)
    assert set(made.values_list("parameters__skill", flat=True)) == {30 + GAIN}
    assert made.count() == 2, "no training made two samplers"
    for training in Training.objects.all():
        assert (training.state, training.facts["steps"]) == ("finished", TINY["steps"])
        steps = TrainingPoint.objects.filter(training=training).order_by("step")
        assert list(steps.values_list("step", flat=True)) == list(range(1, TINY["steps"] + 1)), "no step is lost"
        assert not training_folder(training.pk).exists()
    assert first.pk in trainings
