"""The replay of a trace's program: asked for with a button, made by a worker, walked through by statement."""

import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.core.faults import Fault
from trajectories.core.programs.replays import THINNING
from trajectories.models import Replay, Trace
from trajectories.selectors.blinding import Hidden, sight_of
from trajectories.selectors.problems import to_record
from trajectories.selectors.replays import kept_replay
from trajectories.selectors.traces import get_trace
from trajectories.services.verification.replays import request_replay
from trajectories.views.fragments import wants_fragment
from trajectories.views.permissions import Refused, needs
from trajectories.views.shown.replays import (
    ReplayedPair,
    moment_of,
    replayed_pairs,
    shown_claims,
    shown_lines,
    walked_steps,
)

view_traces = needs("trajectories.view_trace")
LONGEST_NUMBER = 6


@require_http_methods(["GET", "HEAD", "POST"])
@view_traces
@vary_on_headers("HX-Request")
def trace_replay(request: HttpRequest, trace_id: int) -> HttpResponse:
    """The program of a trace, statement by statement; a POST has a worker record it."""
    trace = _trace(request, trace_id)
    if request.method == "POST":
        try:
            request_replay(trace=trace, again="again" in request.POST)
        except Fault as fault:
            raise Refused(str(fault)) from fault
        return redirect("trace_replay", trace.pk)
    replay = kept_replay(trace)
    context = {"trace": trace, "replay": replay, "thinning": THINNING, "may_replay": trace.program_id is not None}
    if replay is not None and replay.pairs is not None:
        context |= _walk(request, trace, replay)
    name = "_player" if wants_fragment(request) else "detail"
    return render(request, f"trajectories/replays/{name}.html", context)


@require_safe
@view_traces
def trace_replay_pair(request: HttpRequest, trace_id: int, number: int) -> HttpResponse:
    """All statements of one pair as JSON, for the player."""
    trace = _trace(request, trace_id)
    replay = kept_replay(trace)
    if replay is None or replay.pairs is None or number >= len(replay.pairs):
        raise Http404("There is no such replay.")
    return JsonResponse(replay.pairs[number])


def _trace(request: HttpRequest, trace_id: int) -> Trace:
    """The trace; what its program gives is a verdict, and refused where a queue hides these from the visitor."""
    try:
        trace = get_trace(trace_id)
    except Trace.DoesNotExist as fault:
        raise Http404(f"There is no trace {trace_id}.") from fault
    if sight_of(request.user).hides(Hidden.VERDICTS, trace.pk):
        raise Refused("A queue hides what this program gives until you have decided on its trace there.")
    return trace


def _walk(request: HttpRequest, trace: Trace, replay: Replay) -> dict[str, Any]:
    """What the player begins with: the pair and the statement of the address."""
    problem = to_record(trace.problem)
    pairs = replayed_pairs(problem, replay.pairs or ())
    pair = pairs[min(max(_number(request, "pair") - 1, 0), len(pairs) - 1)] if pairs else None
    main_only = request.GET.get("functions") == "main"
    claims, more = shown_claims(trace, problem, pairs)
    context: dict[str, Any] = {"pairs": pairs, "pair": pair, "main_only": main_only, "claims": claims, "more": more}
    if pair is None or trace.program is None:
        # Nothing could be run at all: the one replay there is says why.
        return {**context, "trouble": replay.pairs[0]["message"] if replay.pairs else ""}
    walked = walked_steps(pair.replay, main_only=main_only)
    moment = moment_of(pair.replay, walked, _number(request, "step") - 1)
    return {
        **context,
        "lines": shown_lines(trace.program.body, pair.replay, walked),
        "moment": moment,
        "deep": any(depth for _, depth in pair.replay.calls),
        "source": _source(trace, pair),
        "walked": json.dumps(walked),
    }


def _source(trace: Trace, pair: ReplayedPair) -> str:
    return reverse("trace_replay_pair", args=[trace.pk, pair.number])


def _number(request: HttpRequest, name: str) -> int:
    """A number in the address that counts from 1; 1 where there is none."""
    given = request.GET.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) <= LONGEST_NUMBER else 1
