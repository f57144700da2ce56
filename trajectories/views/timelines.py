"""What happened to a trace, from its sampling on."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from trajectories.selectors.blinding import sight_of, sight_on_screen, veil
from trajectories.selectors.queues import CONTROL_QUEUES
from trajectories.selectors.timelines import Reader, get_timeline
from trajectories.views.fragments import wants_fragment
from trajectories.views.traces import find_trace, view_traces
from trajectories.views.visitors import visitor


@require_safe
@view_traces
def trace_timeline(request: HttpRequest, trace_id: int) -> HttpResponse:
    """Who did what to a trace, when, and what it changed; for htmx the table alone."""
    trace, asked = find_trace(trace_id), request.GET.get("reviews") == "all"
    sight = sight_on_screen(request.user, asked=asked)
    veil([trace], sight)
    told = sight.covers(trace.pk)
    sees_all = not sight_of(request.user).is_blind
    reader = Reader(
        visitor(request).pk,
        told,
        releases=sees_all and request.user.has_perm("trajectories.view_release"),
        comparisons=request.user.has_perm("trajectories.view_comparison"),
        queues=told and sees_all and request.user.has_perm(CONTROL_QUEUES),
    )
    moments = get_timeline(trace, reader=reader)
    context = {"trace": trace, "moments": moments, "told": told}
    name = "_table" if wants_fragment(request) else "detail"
    response = render(request, f"trajectories/timelines/{name}.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response
