"""Watching an episode of a world, step by step, alone or beside another of the same problem."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.core.faults import Fault
from trajectories.core.problems.kinds import is_episode
from trajectories.models import Trace
from trajectories.selectors.blinding import Hidden, sight_of
from trajectories.selectors.traces import get_trace
from trajectories.views.fragments import wants_fragment
from trajectories.views.permissions import Refused, needs
from trajectories.views.shown.episodes import ShownEpisode

LONGEST_NUMBER = 9
OTHERS = 50
"""Traces of the same episode that are offered to watch beside."""

view_traces = needs("trajectories.view_trace")


@require_safe
@view_traces
@vary_on_headers("HX-Request")
def trace_episode(request: HttpRequest, trace_id: int) -> HttpResponse:
    """The episode of a trace at the step of the address; `beside` names another trace of the same problem."""
    trace = _trace(request, trace_id)
    shown = _shown(trace)
    step = _number(request, "step") or 0
    frame = shown.frame(step)
    longest = frame.total
    context: dict[str, Any] = {"trace": trace, "episode": shown, "frame": frame, "others": _others(request, trace)}
    beside = _number(request, "beside")
    if beside is not None:
        other = _trace(request, beside)
        if other.problem_id != trace.problem_id:
            raise Http404(f"Trace {beside} is of another problem.")
        found = _shown(other)
        other_frame = found.frame(step)
        longest = max(longest, other_frame.total)
        context |= {"other": other, "other_episode": found, "other_frame": other_frame}
    context |= {"longest": longest, "step": min(step, longest)}
    name = "_player" if wants_fragment(request) else "detail"
    return render(request, f"trajectories/episodes/{name}.html", context)


def _shown(trace: Trace) -> ShownEpisode:
    try:
        return ShownEpisode(trace)
    except Fault as fault:
        raise Refused(f"This episode cannot be shown: {fault}") from fault


def _trace(request: HttpRequest, trace_id: int) -> Trace:
    """A trace of an episode; whether it reached its goal is a verdict, refused where a queue hides these."""
    try:
        trace = get_trace(trace_id)
    except Trace.DoesNotExist as fault:
        raise Http404(f"There is no trace {trace_id}.") from fault
    if not is_episode(trace.problem.kind):
        raise Http404(f"Trace {trace_id} is no episode of a world.")
    if sight_of(request.user).hides(Hidden.VERDICTS, trace.pk):
        raise Refused("A queue hides how this episode ends until you have decided on its trace there.")
    return trace


def _others(request: HttpRequest, trace: Trace) -> list[Trace]:
    """The newest other traces of the same episode; none for somebody from whom a queue hides something."""
    if sight_of(request.user).is_blind:
        return []
    others = Trace.objects.filter(problem=trace.problem_id).exclude(pk=trace.pk).select_related("sampler", "attempt")
    return list(others.order_by("-pk")[:OTHERS])


def _number(request: HttpRequest, name: str) -> int | None:
    given = request.GET.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) <= LONGEST_NUMBER else None
