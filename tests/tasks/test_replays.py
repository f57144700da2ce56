"""Bells of replays."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_trace
from trajectories.models import Replay
from trajectories.services.verification.replays import request_replay
from trajectories.tasks import replays
from trajectories.tasks.replays import replay_program, sweep_replays


@pytest.fixture
def rung(monkeypatch) -> list[int]:
    found: list[int] = []
    monkeypatch.setattr(replays.replay_program, "delay", found.append)
    return found


@pytest.mark.django_db
def test_asking_for_a_replay_rings_once_the_transaction_commits(rung, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        replay = request_replay(trace=make_trace())
        assert rung == []
    for callback in callbacks:
        callback()
    assert rung == [replay.pk]


@pytest.mark.django_db
def test_a_lost_bell_is_rung_again(rung):
    lost, fresh = (request_replay(trace=make_trace()) for _ in range(2))
    Replay.objects.filter(pk=lost.pk).update(rung_at=timezone.now() - timedelta(minutes=5))
    sweep_replays()
    assert rung == [lost.pk]
    assert fresh.pk not in rung


@pytest.mark.django_db
def test_the_task_makes_it(monkeypatch):
    made: list[int] = []
    monkeypatch.setattr(replays, "make_replay", lambda *, replay_id: made.append(replay_id))
    replay_program(7)
    assert made == [7]
