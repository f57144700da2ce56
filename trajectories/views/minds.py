"""What agents remember: the list of minds, the map of one before and after a change, its file out and in."""

from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from trajectories.core.agents.maps import MEANINGS
from trajectories.core.faults import Fault
from trajectories.core.rendering.svg import cell_boxes, line_path
from trajectories.core.worlds import world_type
from trajectories.core.worlds.schedules import WorldPlan
from trajectories.models import Mind, Run
from trajectories.selectors.minds import count_memory, last_change, memory_map, newest_transitions
from trajectories.services.runs.minds import import_memory, memory_lines
from trajectories.views.permissions import needs
from trajectories.views.visitors import visitor

view_minds = needs("trajectories.view_run", "trajectories.view_trace")
control_runs = needs("trajectories.view_run", "trajectories.control_run")
PIXELS = 400
MOST_CONTINUED = 20
"""Minds that went on from one, as its page names them."""


@require_safe
@view_minds
def mind_detail(request: HttpRequest, mind_id: int) -> HttpResponse:
    """One mind: what it remembers, as a map where states are places, and the transitions seen last."""
    return _page(request, mind_id)


def _page(request: HttpRequest, mind_id: int, fault: str = "") -> HttpResponse:
    minds = Mind.objects.select_related("run__sampler").defer("weights", "run__plan")
    mind = get_object_or_404(minds, pk=mind_id)
    plan = WorldPlan.from_json(mind.world)
    change, names = last_change(mind), _names(plan)
    context: dict[str, Any] = {
        "mind": mind,
        "plan": plan,
        "change": change,
        "counts": count_memory(mind, change),
        "transitions": [(row, _action(names, row.action)) for row in newest_transitions(mind)],
        "meanings": MEANINGS,
        "continued": list(mind.continued.order_by("pk").values_list("pk", flat=True)[:MOST_CONTINUED]),
        "fault": fault,
        "is_active": mind.run.state in Run.ACTIVE_STATES,
        "maps": _maps(request, mind, change) if mind.surroundings["is_spatial"] else [],
    }
    context["layers"] = context["maps"][-1]["map"].layers if context["maps"] else ()
    return render(request, "trajectories/minds/detail.html", context, status=422 if fault else 200)


def _maps(request: HttpRequest, mind: Mind, change: int | None) -> list[dict[str, Any]]:
    """The map as it is now, after the one before the last change where the mind has met one."""
    extra = len(mind.surroundings["sizes"]) - 2
    given = request.GET.get("layer", "")
    layer = tuple(int(part) for part in given.split(",") if part.isascii() and part.isdigit() and len(part) < 7)
    layer = layer if len(layer) == extra else (0,) * extra
    times = [None] if change is None else [change, None]
    maps = []
    for before in times:
        found = memory_map(mind, before=before, layer=layer)
        cell = max(4, min(36, PIXELS // max(found.width, found.height)))
        unseen = [(y, x) for y in range(found.height) for x in range(found.width) if (x, y) not in found.seen]
        maps.append(
            {
                "title": "Now" if before is None else f"Before the change in episode {before}",
                "map": found,
                "unseen": cell_boxes(unseen),
                "lines": line_path(found.height, found.width),
                "pixel_width": found.width * cell,
                "pixel_height": found.height * cell,
                "layer": layer,
                "counts": [(meaning, MEANINGS[meaning], count) for meaning, count in found.counts.items()],
            }
        )
    return maps


def _action(names: tuple[str, ...], action: int) -> str:
    """An action by its name, else its number."""
    return names[action] if action < len(names) else f"action {action}"


def _names(plan: WorldPlan) -> tuple[str, ...]:
    return world_type(plan.world)(plan).actions


@require_safe
@view_minds
def mind_memory(request: HttpRequest, mind_id: int) -> StreamingHttpResponse:  # noqa: ARG001 (a view)
    """All that a mind remembers as JSON Lines."""
    mind = get_object_or_404(Mind.objects.defer("weights"), pk=mind_id)
    headers = {"Content-Disposition": f'attachment; filename="memory-{mind.pk}.jsonl"'}
    return StreamingHttpResponse(memory_lines(mind), content_type="application/x-ndjson", headers=headers)


@require_POST
@control_runs
def mind_import(request: HttpRequest, mind_id: int) -> HttpResponse:
    """Put the memory of a file in the place of what a mind remembers."""
    mind = get_object_or_404(Mind.objects.defer("weights"), pk=mind_id)
    file = request.FILES.get("file")
    if file is None:
        return _page(request, mind_id, "File: found none, expected a .jsonl file of transitions.")
    try:
        import_memory(actor=visitor(request), mind=mind, lines=file)
    except Fault as fault:
        return _page(request, mind_id, str(fault))
    return redirect("mind_detail", mind.pk)
