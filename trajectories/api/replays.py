"""Replays: what the program of a trace does, statement by statement."""

from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Schema
from pydantic import Field

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.faults import ApiProblem
from trajectories.api.shapes import Body, Key
from trajectories.core.faults import Fault
from trajectories.core.records import JSON
from trajectories.models import ApiToken, Trace
from trajectories.selectors.blinding import Hidden, sight_of
from trajectories.selectors.replays import kept_replay
from trajectories.selectors.traces import get_trace
from trajectories.services.verification.replays import request_replay

VIEW = "trajectories.view_trace"


class ReplayWanted(Body):
    """Whether a replay that is kept is thrown away first."""

    again: Annotated[bool, Field(description="Record it anew, as after a trouble of the sandbox.")] = False


class ReplayShown(Schema):
    """A replay: `state` is none (nobody has asked), waiting (for a worker) or ready. `pairs` holds what the program
    does with each training input, then with each test input: the functions called, each statement with the variables
    that it changes, the grids that these name, and the result or what went wrong."""

    trace: int
    state: str
    engine: str
    pairs: list[dict[str, Any]]


@door("GET", "/traces/{trace_id}/replay", VIEW, answers=ReplayShown, tag="traces")
def get_replay(request: HttpRequest, trace_id: Key) -> Any:
    """The replay of a trace's program, as far as there is one. 403 where a queue hides from you what its program
    gives."""
    return _shown(_find(request, trace_id))


def _find(request: HttpRequest, trace_id: int) -> Trace:
    try:
        trace = get_trace(trace_id)
    except Trace.DoesNotExist as fault:
        raise Http404(f"There is no trace {trace_id}.") from fault
    if sight_of(asking(request)).hides(Hidden.VERDICTS, trace.pk):
        raise ApiProblem(403, "A queue hides what this program gives until you have decided on its trace there.")
    return trace


def _shown(trace: Trace) -> dict[str, JSON]:
    replay = kept_replay(trace)
    pairs = None if replay is None else replay.pairs
    state = "none" if replay is None else "waiting" if pairs is None else "ready"
    return {
        "trace": trace.pk,
        "state": state,
        "engine": replay.engine if replay else "",
        "pairs": [dict(pair) for pair in pairs or ()],
    }


@door("POST", "/traces/{trace_id}/replay", VIEW, scope=ApiToken.Scope.WRITE, answers=ReplayShown, tag="traces")
def record_replay(request: HttpRequest, trace_id: Key, given: ReplayWanted) -> Any:
    """Have a worker record what a trace's program does, where that is not kept already. 409 for a trace without a
    program on grids."""
    trace = _find(request, trace_id)
    try:
        request_replay(trace=trace, again=given.again)
    except Fault as fault:
        raise ApiProblem(409, str(fault)) from fault
    return _shown(trace)
