"""What a campaign says of everything that its training may come upon, and how it goes on from there."""

import errno
import uuid
from dataclasses import dataclass
from typing import Any

import pytest

from tests.campaigns import begin, finish, work
from trajectories.adapters.training.base import PausedTrainingError, TrainerError
from trajectories.models import Freezing, Release, Training
from trajectories.models.job_kinds import PAUSE
from trajectories.services.campaigns.steering import resume_campaign
from trajectories.services.jobs.steering import steer
from trajectories.services.releases.freezing import freeze_next
from trajectories.services.training import work as training_work
from trajectories.services.training.work import train_next

pytestmark = pytest.mark.django_db

NO_TOKENIZER = "models/small has no tokenizer; expected tokenizer.json."
OVER = "The training had not ended after 48 hours (TRAINING_HOURS) and was stopped."


class _Beat:
    """In the place of the thread that keeps a lease: it beats when the test says so."""

    newest: "_Beat"

    def __init__(self, renew, seconds) -> None:
        self.renew = renew
        _Beat.newest = self

    def __enter__(self) -> "_Beat":
        return self

    def __exit__(self, *_) -> None:
        pass


def without_a_tokenizer(task, report, lead):
    raise PausedTrainingError(NO_TOKENIZER)


def on_a_full_disk(task, report, lead):
    raise OSError(errno.ENOSPC, "No space left on device")


def with_a_loss_that_is_no_number(task, report, lead):
    report.point(3, loss=float("nan"))


def silently_for_ever(task, report, lead):
    """Its time is over; it tells nothing, and only the beat of its lease looks."""
    _wind(report)
    assert not _Beat.newest.renew()
    raise TrainerError("Nobody hears this any more.")


def for_ever(task, report, lead):
    _wind(report)
    while True:
        report.flush()


def _wind(report):
    report._worked._before = 48 * 3600 + 1


def paused_by_somebody(task, report, lead):
    steer("training", PAUSE, actor=lead, job_id=Training.objects.get().pk)
    report.flush()


@dataclass(frozen=True)
class Case:
    """What the trainer does, what the campaign says then, and how many trainings there are once it has gone on."""

    act: Any
    said: str
    trainings: int = 1


CASES = {
    "a missing tokenizer": Case(without_a_tokenizer, f"training {{}} is paused. {NO_TOKENIZER}"),
    "a full disk": Case(
        on_a_full_disk, "training {} found no space left on the disk. Free some and resume the campaign."
    ),
    "a loss that is no number": Case(
        with_a_loss_that_is_no_number,
        "training {} has failed. The loss at step 3 was nan; expected a number.",
        2,  # what failed stays, and another takes its place
    ),
    "a silent trainer": Case(silently_for_ever, f"training {{}} has failed. {OVER}", 2),
    "a trainer that never ends": Case(for_ever, f"training {{}} has failed. {OVER}", 2),
    "a training that somebody paused": Case(paused_by_somebody, "training {} is paused. Somebody paused it."),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_campaign_is_paused_with_one_sentence_and_goes_on_once_resumed(case, lead, coach, monkeypatch):
    monkeypatch.setattr(training_work, "KeptLease", _Beat)
    campaign = begin(lead, generations=1, control=False)
    with monkeypatch.context() as patched:
        patched.setattr(coach, "train", lambda task, report: case.act(task, report, lead))
        finish(campaign)
    training = Training.objects.get()
    said = f"Generation 1: {case.said.format(training.pk)}"
    assert (campaign.state, campaign.state_reason) == ("paused", said)
    assert campaign.generations.get(number=1).stage == "training"
    work(campaign)
    assert (campaign.state, Training.objects.count()) == ("paused", 1), "nothing goes on by itself"
    resume_campaign(actor=lead, job_id=campaign.pk)
    finish(campaign)
    assert (campaign.state, campaign.state_reason) == ("finished", "")
    assert Training.objects.count() == case.trainings
    assert len(coach.lessons) == 1, "nothing is trained twice"
    row = campaign.generations.get(number=1)
    assert row.sampler == Training.objects.get(state="finished").sampler


def test_a_disk_that_is_still_full_pauses_a_resumed_campaign_again(lead, coach, monkeypatch):
    campaign = begin(lead, generations=1, control=False)
    with monkeypatch.context() as patched:
        patched.setattr(coach, "train", lambda task, report: on_a_full_disk(task, report, lead))
        finish(campaign)
        said = campaign.state_reason
        resume_campaign(actor=lead, job_id=campaign.pk)
        training = Training.objects.get()
        assert (training.reason, training.space_needed) == ("", None), "it is tried at once"
        train_next(job_id=training.pk)
        assert finish(campaign).state_reason == said
    assert Training.objects.count() == 1


def test_a_release_without_rows_pauses_the_campaign(lead, coach):
    campaign = begin(lead, generations=1, control=False)
    while not Freezing.objects.exists():
        work(campaign)
    freeze_next(job_id=Freezing.objects.get().pk)
    release, empty = Release.objects.get(), Release.objects.get()
    empty.pk, empty.key, empty.title, empty.item_count = None, uuid.uuid4(), "Empty", 0
    empty.save()
    Freezing.objects.update(release=empty)
    finish(campaign)
    said = "Generation 1: The release Empty has no rows; expected one to learn from."
    assert (campaign.state, campaign.state_reason, Training.objects.count()) == ("paused", said, 0)
    Freezing.objects.update(release=release)
    resume_campaign(actor=lead, job_id=campaign.pk)
    assert finish(campaign).state == "finished"
    assert (Training.objects.count(), len(coach.lessons)) == (1, 1)
