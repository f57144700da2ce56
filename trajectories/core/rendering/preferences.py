"""How a person wants pages to look; kept in three cookies, so that the first byte of a page is already right."""

from collections.abc import Mapping
from dataclasses import dataclass

from trajectories.core.rendering.palettes import CANONICAL, PALETTES, Palette

THEMES = {"auto": "Auto", "light": "Light", "dark": "Dark"}
DIGITS = {"off": "Off", "on": "On"}


@dataclass(frozen=True, slots=True)
class Preferences:
    """Each field is also the name of its cookie."""

    theme: str = "auto"
    palette: str = CANONICAL.name
    digits: str = "off"

    @property
    def grid_palette(self) -> Palette:
        """The palette itself."""
        return PALETTES[self.palette]


CHOICES: Mapping[str, Mapping[str, str]] = {
    "theme": THEMES,
    "palette": {palette.name: palette.title for palette in PALETTES.values()},
    "digits": DIGITS,
}
"""Allowed values and their titles by field."""


def read_preferences(cookies: Mapping[str, str]) -> Preferences:
    """Take what is valid; anything else counts as not set."""
    known = {field: cookies[field] for field, values in CHOICES.items() if cookies.get(field) in values}
    return Preferences(**known)
