"""Replays on demand: asked for once, made once, made again where they were lost."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import FLIP_PROGRAM, make_problem, make_trace
from trajectories.core.faults import Fault
from trajectories.core.programs.engines import CallResult, CallStatus, ProgramJob, ProgramRun
from trajectories.models import Replay
from trajectories.selectors.replays import kept_replay
from trajectories.services.verification import replays
from trajectories.services.verification.replays import (
    GIVEN_UP,
    forget_replays,
    lost_replays,
    make_replay,
    request_replay,
)

pytestmark = pytest.mark.django_db


class Engine:
    """Takes down what it is asked to run; every call ends as `ends`."""

    name = "an engine"

    def __init__(self) -> None:
        self.jobs: list[ProgramJob] = []
        self.is_broken = False

    def run(self, job: ProgramJob) -> ProgramRun:
        if self.is_broken:
            raise RuntimeError("no sandbox here")
        self.jobs.append(job)
        call = CallResult(CallStatus.TIMEOUT, message="all CPU time was used up")
        return ProgramRun(calls=(call,) * len(job.calls), engine=self.name)


@pytest.fixture
def engine(monkeypatch) -> Engine:
    engine = Engine()
    monkeypatch.setattr(replays, "shared_engine", lambda *_: engine)
    return engine


@pytest.fixture
def rung(monkeypatch) -> list[int]:
    found: list[int] = []
    monkeypatch.setattr(replays, "ring", lambda _name, key: found.append(key))
    return found


def test_traces_with_the_same_program_share_one_replay(rung):
    problem = make_problem()
    one, other = make_trace(problem=problem), make_trace(problem=problem)
    replay = request_replay(trace=one)
    assert request_replay(trace=other) == replay
    assert kept_replay(other) == replay
    assert rung == [replay.pk]
    assert request_replay(trace=make_trace()) != replay


def test_the_sandbox_gets_the_inputs_and_nothing_that_is_expected(rung, engine):
    trace = make_trace()
    replay = request_replay(trace=trace)
    assert make_replay(replay_id=replay.pk)
    [job] = engine.jobs
    assert job.calls == ([[[1, 2], [3, 4]]], [[[5, 0]]], [[[7, 8, 9]]])
    assert "9, 8, 7" not in job.source
    assert repr(FLIP_PROGRAM) in job.source
    replay.refresh_from_db()
    assert [pair["message"] for pair in replay.pairs] == ["Nothing could be recorded: all CPU time was used up."] * 3
    assert replay.engine == "an engine"


def test_a_replay_is_made_once_however_often_its_bell_rings(rung, engine):
    replay = request_replay(trace=make_trace())
    assert [make_replay(replay_id=replay.pk) for _ in range(2)] == [True, False]
    Replay.objects.filter(pk=replay.pk).update(pairs=None, lease_expires_at=timezone.now() + timedelta(seconds=9))
    assert not make_replay(replay_id=replay.pk)
    assert len(engine.jobs) == 1


def test_what_kills_its_worker_is_given_up_in_the_end(rung, engine):
    replay = request_replay(trace=make_trace())
    Replay.objects.filter(pk=replay.pk).update(claims=replays.MAX_CLAIMS)
    assert make_replay(replay_id=replay.pk)
    replay.refresh_from_db()
    assert [pair["message"] for pair in replay.pairs] == [GIVEN_UP]
    assert engine.jobs == []


def test_a_sandbox_that_is_out_of_order_leaves_the_replay_to_the_sweep(rung, engine):
    replay = request_replay(trace=make_trace())
    engine.is_broken = True
    with pytest.raises(RuntimeError):
        make_replay(replay_id=replay.pk)
    Replay.objects.filter(pk=replay.pk).update(rung_at=timezone.now() - timedelta(minutes=2))
    assert lost_replays() == [replay.pk]
    assert lost_replays() == []
    engine.is_broken = False
    assert make_replay(replay_id=replay.pk)


def test_recording_again_throws_away_only_what_is_made(rung, engine):
    trace = make_trace()
    replay = request_replay(trace=trace, again=True)
    assert rung == [replay.pk]
    request_replay(trace=trace, again=True)
    assert rung == [replay.pk]
    make_replay(replay_id=replay.pk)
    assert request_replay(trace=trace, again=True).pairs is None
    assert rung == [replay.pk] * 2
    assert make_replay(replay_id=replay.pk)


def test_a_trace_without_a_program_has_nothing_to_replay(rung):
    for trace in (make_trace(program=""), make_trace(problem=make_problem(kind="numeric"))):
        with pytest.raises(Fault, match="expected one with"):
            request_replay(trace=trace)
    assert kept_replay(make_trace(program="")) is None


def test_a_problem_that_nothing_can_be_run_on_says_so(rung, engine):
    replay = request_replay(trace=make_trace(problem=make_problem(spec={"train": [], "test": []})))
    make_replay(replay_id=replay.pk)
    replay.refresh_from_db()
    assert "found no pairs" in replay.pairs[0]["message"]


def test_old_replays_are_forgotten(rung):
    old, new = request_replay(trace=make_trace()), request_replay(trace=make_trace())
    Replay.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=31))
    assert forget_replays() == 1
    assert list(Replay.objects.all()) == [new]
