"""How a person wants pages to look; kept in cookies, so that the first byte of a page is already right."""

from collections.abc import Mapping
from dataclasses import dataclass

from trajectories.core.rendering.palettes import CANONICAL, PALETTES

THEMES = {"auto": "Auto", "light": "Light", "dark": "Dark"}
DIGITS = {"off": "Off", "on": "On"}
PACES = {"two": "a, Enter", "one": "a alone"}


@dataclass(frozen=True, slots=True)
class Preferences:
    """Each field is also the name of its cookie. `pace` is how many keys accept a trace and go on."""

    theme: str = "auto"
    palette: str = CANONICAL.name
    digits: str = "off"
    pace: str = "two"


CHOICES: Mapping[str, Mapping[str, str]] = {
    "theme": THEMES,
    "palette": {palette.name: palette.title for palette in PALETTES.values()},
    "digits": DIGITS,
    "pace": PACES,
}
"""Allowed values and their titles by field."""


def read_preferences(cookies: Mapping[str, str]) -> Preferences:
    """Take what is valid; anything else counts as not set."""
    known = {field: cookies[field] for field, values in CHOICES.items() if cookies.get(field) in values}
    return Preferences(**known)
