"""Titles: one line that people read, so that every character of one can be seen."""

import re
import unicodedata

INVISIBLE_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and marks without a shape of their own, whatever their category says."""

JOINERS = frozenset("\u200c\u200d")
"""Joiners that several scripts and emoji are written with: harmless between two characters beyond ASCII."""

HIDDEN_CATEGORIES = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode's control and format characters (bidirectional controls among them, CVE-2021-42574), lone surrogates, and
line and paragraph separators."""

_HARMLESS = re.compile(r"[ -~]*")


def title_fault(title: str) -> str:
    """What is wrong with a title, as one sentence; "" where nothing is.

    A title with invisible characters reads as another one, or turns around what stands beside it.
    """
    for place in _hidden_places(title):
        found = f"Found the invisible character U+{ord(title[place]):04X} as character {place + 1}"
        return f"{found}, expected only characters that can be seen."
    return ""


def shown_title(title: str) -> str:
    """A title as it may be shown: what is invisible stands there by its number, as ‹U+202E›."""
    places = set(_hidden_places(title))
    if not places:
        return title
    return "".join(f"‹U+{ord(each):04X}›" if place in places else each for place, each in enumerate(title))


def _hidden_places(title: str) -> list[int]:
    if _HARMLESS.fullmatch(title):
        return []
    return [place for place in range(len(title)) if _is_hidden(title, place)]


def _is_hidden(title: str, place: int) -> bool:
    character = title[place]
    if character in JOINERS:
        around = title[max(0, place - 1) : place] + title[place + 1 : place + 2]
        return len(around) < 2 or any(each.isascii() or _is_formless(each) for each in around)
    return _is_formless(character)


def _is_formless(character: str) -> bool:
    return character in INVISIBLE_LETTERS or unicodedata.category(character) in HIDDEN_CATEGORIES
