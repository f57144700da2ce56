"""What files to share are made of: the rules of their looks and pictures of grids, both inside the file."""

import base64
from functools import cache
from pathlib import Path

from django import template
from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from trajectories.core.problems.grids import GridError, describe_grid, parse_grid
from trajectories.core.prompts.pictures import split_pictures
from trajectories.core.records import JSON
from trajectories.core.rendering.images import grid_png
from trajectories.core.rendering.palettes import PALETTES
from trajectories.templatetags.markup import plain

register = template.Library()

PALETTE = "canonical"
RULES = ("tokens.css", "code.css", "shares.css")
"""Files of rules that go into a shared file, in this order."""

LONGEST_SIDE = 160
LARGEST_CELL = 16


@register.simple_tag
@cache
def shared_rules() -> SafeString:
    """The rules as one style element. They are our own files, and hold nothing that anybody typed."""
    folder = Path(settings.BASE_DIR) / "static/trajectories/css"
    rules = "\n".join((folder / name).read_text(encoding="utf-8") for name in RULES)
    return mark_safe(f"<style>\n{rules}</style>")


@register.simple_tag
def sent_text(text: object) -> SafeString:
    """What a model was sent, with the pictures that it was shown."""
    pieces = split_pictures(str(text))
    return format_html_join("", "{}", ((plain(each) if isinstance(each, str) else picture(each),) for each in pieces))


@register.simple_tag
def picture(value: JSON, label: str = "", side: int = LONGEST_SIDE) -> SafeString:
    """A grid as a PNG inside the page; a value that is no grid gets words in its place."""
    try:
        grid = parse_grid(value)
    except GridError as fault:
        return format_html('<span class="no-grid">{}</span>', "none" if value in (None, "") else f"no grid: {fault}")
    height, width = len(grid), len(grid[0])
    cell = max(2, min(LARGEST_CELL, side // max(height, width)))
    data = base64.b64encode(grid_png(grid, PALETTES[PALETTE])).decode()
    summary = f"{label}: {describe_grid(grid)}" if label else describe_grid(grid)
    return format_html(
        '<img src="data:image/png;base64,{}" width="{}" height="{}" alt="{}">',
        data,
        width * cell,
        height * cell,
        summary,
    )
