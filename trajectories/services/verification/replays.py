"""Replays on demand: asked for on a page, made by a worker in the sandbox, kept by program and problem."""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from trajectories.adapters.sandbox import shared_engine
from trajectories.core.faults import Fault
from trajectories.core.problems.grids import grid_to_lists
from trajectories.core.problems.kinds import is_grids
from trajectories.core.programs.replays import RULES_VERSION, PairReplay, read_replay, replay_job
from trajectories.core.text.storable import storable_json
from trajectories.core.verifiers.arc_common import SpecError, read_test_inputs, read_train_pairs
from trajectories.models import Replay, Trace
from trajectories.selectors.problems import to_record
from trajectories.services.jobs.leases import lost_jobs, nobody_is_at
from trajectories.services.jobs.ringers import ring

LEASE = timedelta(seconds=150)
"""Longer than any replay takes: a program has 60 s in all (core.programs.replays.LIMITS) and a worker may have to be
started."""

MAX_CLAIMS = 3
GIVEN_UP = f"Recording this program was begun {MAX_CLAIMS} times and never came to an end."
KEPT = timedelta(days=30)
"""A replay is made again after this time where somebody asks for it."""


@transaction.atomic
def request_replay(*, trace: Trace, again: bool = False) -> Replay:
    """The replay of a trace's program: the one that is kept, or one that a worker makes now.

    With `again` a kept one is thrown away first, as after a trouble of the sandbox. Raises Fault where there is no
    program to replay.
    """
    if not is_grids(trace.problem.kind) or trace.program_id is None:
        raise Fault("Found a trace without a program on grids, expected one with: nothing can be replayed.")
    replay, made = Replay.objects.get_or_create(
        problem_id=trace.problem_id, program_id=trace.program_id, version=RULES_VERSION
    )
    if again and replay.pairs is not None:
        Replay.objects.filter(pk=replay.pk, pairs__isnull=False).update(
            pairs=None, claims=0, lease_expires_at=None, rung_at=Now()
        )
        replay.pairs, made = None, True
    if made:
        ring("replays", replay.pk)
    return replay


def make_replay(*, replay_id: int) -> bool:
    """Make a replay that waits; whether this call made it. Safe to run twice at once: one of the two claims it."""
    waiting = Replay.objects.filter(pk=replay_id, pairs__isnull=True)
    if not waiting.filter(nobody_is_at()).update(lease_expires_at=Now() + LEASE, claims=F("claims") + 1):
        return False
    replay = Replay.objects.select_related("problem", "program").get(pk=replay_id)
    if replay.claims > MAX_CLAIMS:
        pairs: Sequence[PairReplay] = [PairReplay(message=GIVEN_UP)]
        engine = ""
    else:
        try:
            pairs, engine = _record(replay)
        except BaseException:
            waiting.update(lease_expires_at=None)  # the sandbox is out of order: the sweep asks again
            raise
    kept = storable_json([pair.as_json() for pair in pairs])
    return bool(waiting.update(pairs=kept, engine=engine[:200], lease_expires_at=None))


def _record(replay: Replay) -> tuple[Sequence[PairReplay], str]:
    """(the replay of each pair, the engine that made them)."""
    problem = to_record(replay.problem)
    try:
        inputs = [pair[0] for pair in read_train_pairs(problem)] + read_test_inputs(problem)
    except SpecError as fault:
        return [PairReplay(message=f"Nothing can be run on the problem: {fault}.")], ""
    engine = shared_engine(settings.PROGRAM_ENGINE, settings.PROGRAM_ENVIRONMENT)
    run = engine.run(replay_job(replay.program.body, [grid_to_lists(grid) for grid in inputs]))
    return [read_replay(call) for call in run.calls], run.engine


def lost_replays() -> list[int]:
    """The replays that wait and whose bell is long unanswered, marked as rung."""
    return lost_jobs(Replay.objects.filter(pairs__isnull=True))


def forget_replays() -> int:
    """Forget the replays whose time is over; the number of them."""
    return Replay.objects.filter(created_at__lt=Now() - KEPT).delete()[0]
