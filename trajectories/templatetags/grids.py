"""Grids in templates: `{% grid %}` for the few in focus, `{% thumbnail %}` for the many, `{% grid_difference %}`."""

from collections.abc import Sequence
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from trajectories.core.problems.grid_codes import encode_grid
from trajectories.core.problems.grids import Grid, GridError, describe_grid, parse_grid
from trajectories.core.prompts.pictures import split_pictures
from trajectories.core.records import JSON
from trajectories.core.rendering.difference import Cell, difference
from trajectories.core.rendering.svg import cell_boxes, cell_hatching, colour_paths, digit_layers, line_path
from trajectories.core.rendering.texts import as_digits
from trajectories.core.verifiers.grid_compare import preview_value
from trajectories.templatetags.markup import plain
from trajectories.templatetags.shell import preferences

register = template.Library()

GRID_PIXELS = 280
MAX_CELL_PIXELS = 32
MAX_THUMBNAIL_CELL_PIXELS = 12
THUMBNAIL_SIZES = (32, 48, 64, 96, 128)
RING_INSET = 0.14
SMALL_CELL_PIXELS = 10
"""Below this, marks are drawn thinner so that the colour under them stays visible."""


@register.inclusion_tag("trajectories/grids/_grid.html", takes_context=True)
def grid(context: template.Context, value: JSON, label: str = "", size: int = GRID_PIXELS) -> dict[str, Any]:
    """A focused grid: SVG, size caption, menu to copy and download. Any value may be given; what is no grid says so.

    `label` is a word above the grid ("input"); `size` is the longest side in pixels.
    """
    try:
        parsed = parse_grid(value)
    except GridError as fault:
        return {"label": label, "fault": str(fault), "preview": preview_value(value), "missing": value is None}
    height, width = len(parsed), len(parsed[0])
    return {
        "label": label,
        "caption": f"{height} × {width}",
        "paths": colour_paths(parsed),
        "lines": line_path(height, width),
        **_told(context, parsed, label),
        **_canvas(height, width, size),
    }


def _told(context: template.Context, parsed: Grid, label: str) -> dict[str, Any]:
    """What a grid says besides its picture: in words, in digits, and to copy."""
    return {
        "summary": f"{label}: {describe_grid(parsed)}" if label else describe_grid(parsed),
        "code": encode_grid(parsed),
        "cells": as_digits(parsed).replace("\n", "/"),
        "digits": digit_layers(parsed) if preferences(context).digits == "on" else [],
    }


@register.inclusion_tag("trajectories/grids/_difference.html", takes_context=True)
def grid_difference(
    context: template.Context, predicted: JSON, expected: JSON, label: str = "", size: int = GRID_PIXELS
) -> dict[str, Any]:
    """Predicted held against expected; `predicted` may be any JSON value, `expected` is a grid or None (unknown)."""
    if expected is None:
        return {"label": label, "unknown": True}
    found = difference(predicted, parse_grid(expected, "expected"))
    try:
        told = _told(context, parse_grid(predicted), label)
    except GridError:
        told = {}
    return {
        **told,
        "label": label,
        "difference": found,
        "right": found.match == "right",
        "absent": predicted is None,
        "drawn": bool(found.rows) and any(found.rows),
        "paths": colour_paths(found.rows),
        "rings": cell_boxes(found.wrong, RING_INSET),
        "hatching": cell_hatching(found.missing),
        "dashes": cell_boxes(found.extra),
        "lines": line_path(found.height, found.width),
        **_canvas(found.height, found.width, size),
    }


@register.inclusion_tag("trajectories/grids/_changed.html", takes_context=True)
def grid_changed(
    context: template.Context, value: JSON, changed: Sequence[Cell], label: str = "", size: int = GRID_PIXELS
) -> dict[str, Any]:
    """A focused grid of which some cells, given as (row, column), have changed and are ringed."""
    parsed = parse_grid(value)
    height, width = len(parsed), len(parsed[0])
    told = _told(context, parsed, label)
    if changed:
        told["summary"] += f", {len(changed)} cell{'' if len(changed) == 1 else 's'} changed"
    return {
        **told,
        "label": label,
        "caption": f"{height} × {width}",
        "paths": colour_paths(parsed),
        "rings": cell_boxes(changed, RING_INSET),
        "lines": line_path(height, width),
        **_canvas(height, width, size),
    }


@register.simple_tag(takes_context=True)
def thumbnail(context: template.Context, value: JSON, size: int = 64, label: str = "") -> SafeString:
    """A small picture of a grid in a box of fixed size, so that nothing moves when it arrives.

    `size` is one of THUMBNAIL_SIZES, in pixels. A value that is no grid gets a box that says so. What a template does
    not find is "", and no grid at all.
    """
    try:
        parsed = parse_grid(value)
    except GridError as fault:
        word = "none" if value in (None, "") else "no grid"
        return format_html('<span class="thumb thumb-{} thumb-empty" title="{}">{}</span>', size, fault, word)
    height, width = len(parsed), len(parsed[0])
    scale = max(1, min(size // max(height, width), MAX_THUMBNAIL_CELL_PIXELS))
    summary = f"{label}: {describe_grid(parsed)}" if label else describe_grid(parsed)
    address = reverse("grid_png", args=[preferences(context).palette, encode_grid(parsed)])
    return format_html(
        '<span class="thumb thumb-{}"><img src="{}" width="{}" height="{}" alt="{}" loading="lazy"></span>',
        *(size, address, width * scale, height * scale, summary),
    )


@register.simple_tag(takes_context=True)
def prompt_text(context: template.Context, text: object) -> SafeString:
    """What a model was sent, as it is, with a small picture where it was shown one."""
    pieces = split_pictures(str(text))
    return format_html_join(
        "", "{}", ((plain(each) if isinstance(each, str) else thumbnail(context, each, 96),) for each in pieces)
    )


def _canvas(height: int, width: int, size: int) -> dict[str, Any]:
    """View box in cells, drawn size in pixels: a whole number of pixels for each cell keeps the edges sharp."""
    cell = max(3, min(MAX_CELL_PIXELS, size // max(height, width)))
    return {
        "height": height,
        "width": width,
        "pixel_height": height * cell,
        "pixel_width": width * cell,
        "small": cell < SMALL_CELL_PIXELS,
    }
