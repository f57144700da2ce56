"""What is made of runs and traces that are there: the control of a memory, and replays of programs."""

from typing import Annotated, Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from ninja import Path, Schema
from ninja.responses import Status

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.runs import RunShown, find_run, show_run
from trajectories.api.shapes import Body, IdempotencyKey, Key, once
from trajectories.core.records import JSON
from trajectories.models import ApiToken, Replay, Run, Trace
from trajectories.selectors.blinding import Hidden, sight_of
from trajectories.selectors.replays import kept_replay
from trajectories.selectors.traces import get_trace
from trajectories.services.runs.controls import plan_without_memory
from trajectories.services.verification.replays import request_replay

HIDDEN = "A queue hides what this program gives until you have decided on its trace there."
MOST_PAIRS = 1_000


class ReplayShown(Schema):
    """A recording of a trace's program: `state` is none, waiting or ready, `engine` where it ran, `pairs` how many
    inputs it was given. `messages` say for each why it has no steps, or what it raised; "" for nothing."""

    state: str
    engine: str
    pairs: int
    messages: list[str]


class PairShown(Schema):
    """What a program did with one input, statement by statement. `calls` are (function, depth); each of `steps` is
    (line, place in `calls`, how often it ran, grids by variable as places in `grids`, other values by variable).
    `grids` are digits with "/" between rows, `result` is what was returned as such a grid, `other` what else it was.
    `stopped` says why recording ended early."""

    calls: list[list[str | int]]
    steps: list[list[Any]]
    grids: list[str]
    lines: int
    stopped: str
    message: str
    fault_line: int
    result: str | None
    other: str
    printed: str


class Again(Body):
    """With `again` a recording that is kept is thrown away first."""

    again: bool = False


@door(
    "POST",
    "/runs/{run_id}/without_memory",
    "trajectories.add_run",
    scope=ApiToken.Scope.LAUNCH,
    answers=RunShown,
    status=201,
)
def launch_without_memory(request: HttpRequest, run_id: Key, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Launch the control of a run with a memory: the same plan and seed without it, with as many more samples as about
    the same cost allows. 422 for a run that has none."""
    found = Run.objects.select_related("sampler", "problem_set").filter(pk=run_id).first()
    if found is None:
        raise Http404(f"There is no run {run_id}.")

    def make() -> dict[str, JSON]:
        return show_run(find_run(plan_without_memory(actor=asking(request), run=found).pk))

    return once(request, idempotency_key, {}, make)


@door("GET", "/traces/{trace_id}/replay", "trajectories.view_trace", answers=ReplayShown)
def get_replay(request: HttpRequest, trace_id: Key) -> Any:
    """Whether the program of a trace was recorded, and what came of it."""
    return _shown(kept_replay(_trace(request, trace_id)))


@door("POST", "/traces/{trace_id}/replay", "trajectories.view_trace", scope=ApiToken.Scope.WRITE, answers=ReplayShown)
def record_replay(request: HttpRequest, trace_id: Key, given: Again) -> Any:
    """Have a worker record what the program of a trace does, statement by statement; one that is kept is answered as it
    is. 422 for a trace without a program on grids."""
    return _shown(request_replay(trace=_trace(request, trace_id), again=given.again))


@door("GET", "/traces/{trace_id}/replay/{number}", "trajectories.view_trace", answers=PairShown)
def get_replayed_pair(
    request: HttpRequest,
    trace_id: Key,
    number: Annotated[int, Path(ge=0, lt=MOST_PAIRS, description="Which input, from 0.")],
) -> Any:
    """All that a program did with one input."""
    replay = kept_replay(_trace(request, trace_id))
    if replay is None or replay.pairs is None or number >= len(replay.pairs):
        raise Http404("There is no such replay.")
    return replay.pairs[number]


def _trace(request: HttpRequest, trace_id: int) -> Trace:
    """The trace; what its program gives is a verdict, and refused where a queue hides these from the person."""
    try:
        trace = get_trace(trace_id)
    except Trace.DoesNotExist as fault:
        raise Http404(f"There is no trace {trace_id}.") from fault
    if sight_of(asking(request)).hides(Hidden.VERDICTS, trace.pk):
        raise PermissionDenied(HIDDEN)
    return trace


def _shown(replay: Replay | None) -> dict[str, JSON]:
    pairs = [] if replay is None or replay.pairs is None else replay.pairs
    return {
        "state": "none" if replay is None else "waiting" if replay.pairs is None else "ready",
        "engine": "" if replay is None else replay.engine,
        "pairs": len(pairs),
        "messages": [str(pair.get("message", "")) for pair in pairs],
    }
