"""Doorbells of replays."""

from celery import shared_task

from trajectories.services.jobs.ringers import connect_bell
from trajectories.services.verification.replays import forget_replays, lost_replays, make_replay


@shared_task(name="trajectories.replay_program")
def replay_program(replay_id: int) -> None:
    """Make one replay; nothing happens where it is made, or somebody is at it."""
    make_replay(replay_id=replay_id)


@shared_task(name="trajectories.sweep_replays")
def sweep_replays() -> None:
    """Ring again for replays whose bell was lost, and forget old ones. Safe to run at any time."""
    for replay_id in lost_replays():
        replay_program.delay(replay_id)
    forget_replays()


def _ring(replay_id: int) -> None:
    replay_program.delay(replay_id)


connect_bell("replays", _ring)
