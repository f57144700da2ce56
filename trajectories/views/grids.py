"""Grids by their code: pictures, and the page (or dialog) to copy and download from.

The code in the address is the grid itself, so nothing is looked up and nothing is revealed.
"""

import hashlib
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import condition, require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.core.problems.grid_codes import decode_grid
from trajectories.core.problems.grids import Grid, GridError, describe_grid, grid_to_lists
from trajectories.core.rendering.images import grid_png
from trajectories.core.rendering.palettes import PALETTES, Palette
from trajectories.core.rendering.preferences import read_preferences
from trajectories.core.rendering.svg import EXPORT_CELL_PIXELS, standalone_svg
from trajectories.core.rendering.texts import grid_texts
from trajectories.views.fragments import wants_fragment

RENDERING_VERSION = 1
"""Part of every entity tag: raise it when the same code draws another picture."""
YEAR_SECONDS = 365 * 24 * 3600

_for_ever = cache_control(public=True, max_age=YEAR_SECONDS, immutable=True)


def _entity_tag(request: HttpRequest, **_: str) -> str:
    wanted = f"{RENDERING_VERSION} {request.path} {request.GET.urlencode()}"
    return f'"{hashlib.sha256(wanted.encode()).hexdigest()[:32]}"'


def _decode(palette: str, code: str) -> tuple[Palette, Grid]:
    if palette not in PALETTES:
        raise Http404(f"no palette {palette[:40]!r}")
    try:
        return PALETTES[palette], decode_grid(code)
    except GridError as fault:
        raise Http404(str(fault)) from fault


@require_safe
@login_not_required
@_for_ever
@condition(etag_func=_entity_tag)
def grid_png_file(request: HttpRequest, palette: str, code: str) -> HttpResponse:
    """One pixel per cell, to be scaled up by the browser; with ?download a picture for a paper or a slide."""
    colours, grid = _decode(palette, code)
    download = "download" in request.GET
    data = grid_png(grid, colours, cell_pixels=EXPORT_CELL_PIXELS if download else 1)
    return HttpResponse(data, content_type="image/png", headers=_disposition("grid.png") if download else None)


@require_safe
@login_not_required
@_for_ever
@condition(etag_func=_entity_tag)
def grid_svg_file(request: HttpRequest, palette: str, code: str) -> HttpResponse:  # noqa: ARG001
    """A complete SVG file."""
    colours, grid = _decode(palette, code)
    return HttpResponse(standalone_svg(grid, colours), content_type="image/svg+xml", headers=_disposition("grid.svg"))


def _disposition(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


@require_safe
@vary_on_headers("HX-Request", "Cookie")
def grid_detail(request: HttpRequest, code: str) -> HttpResponse:
    """The grid with its text forms to copy: a page, or the body of a dialog."""
    palette, grid = _decode(read_preferences(request.COOKIES).palette, code)
    context: dict[str, Any] = {
        "code": code,
        "palette": palette.name,
        "value": grid_to_lists(grid),
        "summary": describe_grid(grid),
        "texts": grid_texts(grid),
    }
    template = "_panel" if wants_fragment(request) else "detail"
    return render(request, f"trajectories/grids/{template}.html", context)
