"""Contrast of the design tokens, WCAG 2.2 level AA, in both themes."""

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[2] / "static/trajectories/css/tokens.css"
THEMES = ("light", "dark")
SURFACES = ("canvas", "surface", "raised", "sunken", "hover", "selected", "neutral-quiet")
MEANINGS = ("pass", "fail", "warn", "info")


def colours(theme: str) -> dict[str, str]:
    pairs = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", TOKENS.read_text())
    return {"white": "#ffffff"} | {name: (light, dark)[THEMES.index(theme)] for name, light, dark in pairs}


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


TEXTS = [
    *((text, surface) for text in ("text", "text-muted", "text-link", *MEANINGS) for surface in SURFACES),
    *((meaning, f"{meaning}-quiet") for meaning in MEANINGS),
    *(("text", f"{meaning}-quiet") for meaning in MEANINGS),
    *(("white", button) for button in ("accent", "accent-hover")),
]
GRAPHICS = [
    *((mark, surface) for mark in ("line-strong", "focus") for surface in ("canvas", "surface")),
    *((bar, "neutral-quiet") for bar in ("pass-bar", "fail-bar", "accent-bar")),
]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("text", "ground"), TEXTS)
def test_text_can_be_read(theme, text, ground):
    found = colours(theme)
    assert contrast(found[text], found[ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("mark", "ground"), GRAPHICS)
def test_controls_and_bars_can_be_seen(theme, mark, ground):
    found = colours(theme)
    assert contrast(found[mark], found[ground]) >= 3.0
