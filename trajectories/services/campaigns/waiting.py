"""Whether what a stage waits for has ended, and what is said where it will not."""

from typing import Any

from trajectories.core.campaigns.stages import Stage
from trajectories.models import Assignment, Campaign, Freezing, Generation, Queue, Release, Run, Training
from trajectories.models.job_kinds import QUEUED
from trajectories.selectors.campaign_waits import list_waits, name_generation
from trajectories.selectors.disk import NO_SPACE
from trajectories.selectors.spending import waits_for_limit
from trajectories.services.jobs.ringers import ring


class StuckError(Exception):
    """A stage that cannot go on; the message is one sentence for people. `again` is the stage from which the campaign
    goes on where it is resumed and this one still cannot, None for the same one; `row` is the generation."""

    def __init__(self, message: str, again: Stage | None = None) -> None:
        super().__init__(message)
        self.again = again
        self.row: Generation | None = None


def stuck(row: Generation, words: str, again: Stage | None = None) -> StuckError:
    """What to raise for a generation that cannot go on."""
    return StuckError(f"{name_generation(row)}: {words}", again)


def waiting_words(rows: list[Generation]) -> str:
    """What a campaign says of itself while it waits for people or for a daily limit; "" where it goes on by itself."""
    return " ".join(wait.words for wait in list_waits(rows) if wait.words)


def ended_run(run: Run | None, row: Generation, again: Stage) -> bool:
    """Whether a run has finished. Raises StuckError where it will not by itself."""
    assert run is not None
    if run.state in Run.ACTIVE_STATES or waits_for_limit("run", run):
        return False
    if run.state == Run.State.PAUSED:
        why = run.state_reason or "Somebody paused it."
        raise stuck(row, f"run {run.pk} is paused. {why}")
    if run.state != Run.State.FINISHED:
        why = run.state_reason or "Somebody cancelled it."
        raise stuck(row, f"run {run.pk} has {_ended_words(run.state)}. {why}", again)
    return True


def ended_verdicts(job: Any, word: str, row: Generation) -> bool:
    """Whether a verification or a scoring of what was sampled has finished. Raises StuckError as above."""
    if job.state in job.ACTIVE_STATES:
        return False
    if job.state != job.State.FINISHED:
        again = None if job.state == job.State.PAUSED else Stage.SAMPLING
        why = getattr(job, "reason", "")
        raise stuck(row, f"{word} {job.pk} is {job.state}. {why}".strip(), again)
    return True


def ended_queue(queue: Queue) -> bool:
    """Whether people have worked a queue off, or closed it."""
    waiting = Assignment.objects.filter(queue=queue, is_gold=False).exclude(state=Assignment.State.DONE)
    return queue.state == Queue.State.CLOSED or not (queue.is_filling or waiting.exists())


def frozen_release(job: Freezing, row: Generation, again: Stage) -> Release | None:
    """The release that a freezing made; None while it is under way. Raises StuckError as above."""
    _check_space("freezing", job, row)
    if job.state in Freezing.ACTIVE_STATES:
        return None
    if job.state != Freezing.State.FINISHED or job.release is None:
        why = job.reason or "Somebody cancelled it."
        raise stuck(row, f"nothing was frozen to learn from. {why}", again)
    return job.release


def trained_sampler(training: Training, row: Generation) -> int | None:
    """The id of the sampler that a training made; None while it is under way, or waits until somebody says which
    sampler came of it. Raises StuckError as above."""
    _check_space("training", training, row)
    if training.state in (*Training.ACTIVE_STATES, Training.State.WAITING):
        return None
    if training.state == Training.State.PAUSED:
        why = training.reason or "Somebody paused it."
        raise stuck(row, f"training {training.pk} is paused. {why}")
    if training.state != Training.State.FINISHED or training.sampler_id is None:
        why = training.reason or "Somebody cancelled it."
        words = _ended_words(training.state)
        raise stuck(row, f"training {training.pk} has {words}. {why}", Stage.SELECTING)
    return training.sampler_id


def _check_space(word: str, job: Freezing | Training, row: Generation) -> None:
    """Raise StuckError for a job that found the disk full and waits for space."""
    if job.state == QUEUED and job.reason == NO_SPACE:
        raise stuck(row, f"{word} {job.pk} found no space left on the disk. Free some and resume the campaign.")


def try_for_space(campaign: Campaign) -> None:
    """Begin anew at once, without waiting for the sweep, what found the disk full; a campaign that is resumed does."""
    for row in campaign.generations.exclude(stage=Stage.DONE).select_related("freezing", "training"):
        for job in (row.freezing, row.training):
            if job is not None and job.state == QUEUED and job.reason == NO_SPACE:
                type(job).objects.filter(pk=job.pk).update(reason="", space_needed=None)
                ring(job.job_kind.word, job.pk)


def _ended_words(state: str) -> str:
    return "been cancelled" if state == "cancelled" else state
