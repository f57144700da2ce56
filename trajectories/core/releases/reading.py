"""Reading and writing the stored form of rules: each value is checked, and a wrong one is a Fault with its field."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from typing import Any

from trajectories.core.faults import Fault
from trajectories.core.records import JSON

GREATEST_ID = 2**63 - 1
LONGEST_SHOWN = 40


def short(value: JSON) -> str:
    """A value as messages show it."""
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def section(where: str, stored: JSON, known: tuple[str, ...] | None) -> dict[str, JSON]:
    """A part of the form, as a new dict. Raises Fault where it is no object or has a key that is not `known`."""
    if not isinstance(stored, dict):
        raise Fault(f"{where}: found {short(stored)}, expected an object.", field=where)
    for key in stored:
        if known is not None and key not in known:
            raise Fault(f"{where}: found {short(key)}, expected one of {', '.join(known)}.", field=where)
    return dict(stored)


def ids(where: str, value: JSON, most: int) -> tuple[int, ...]:
    """Ids of rows, sorted, each once."""
    if not isinstance(value, list) or len(value) > most:
        raise Fault(f"{where}: found {short(value)}, expected a list of at most {most} ids.", field=where)
    return tuple(sorted({whole(where, entry, 1, GREATEST_ID) for entry in value}))


def words(where: str, value: JSON, known: tuple[str, ...], *, least: int = 0) -> tuple[str, ...]:
    """Words of those known, in the order in which they are known, each once."""
    if not isinstance(value, list) or len(value) < least:
        expected = f"a list of {', '.join(known)}" if least == 0 else f"at least one of {', '.join(known)}"
        raise Fault(f"{where}: found {short(value)}, expected {expected}.", field=where)
    given = {word(where, entry, known) for entry in value}
    return tuple(entry for entry in known if entry in given)


def word(where: str, value: JSON, known: tuple[str, ...]) -> str:
    """One of the words that are known."""
    if not isinstance(value, str) or value not in known:
        expected = ", ".join(repr(entry) for entry in known)
        raise Fault(f"{where}: found {short(value)}, expected one of {expected}.", field=where)
    return value


def name(where: str, value: JSON, longest: int) -> str:
    """A name of at most so many characters."""
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise Fault(f"{where}: found {short(value)}, expected a name of at most {longest} characters.", field=where)
    return value


def flag(where: str, value: JSON) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise Fault(f"{where}: found {short(value)}, expected true or false.", field=where)
    return value


def whole(where: str, value: JSON, least: int, most: int) -> int:
    """A whole number of that range."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Fault(f"{where}: found {short(value)}, expected a whole number from {least:,} to {most:,}.", field=where)
    return value


def number(where: str, value: JSON, least: float, most: float) -> float:
    """A finite number of that range."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or not least <= value <= most:
        raise Fault(f"{where}: found {short(value)}, expected a number from {least:g} to {most:g}.", field=where)
    return float(value)


def share(where: str, value: JSON) -> float | None:
    """A similarity from 0.1 to 1, or null for none."""
    return None if value is None else number(where, value, 0.1, 1)


def day(where: str, value: JSON) -> date:
    """A day as YYYY-MM-DD."""
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as fault:
        raise Fault(f"{where}: found {short(value)}, expected a day as YYYY-MM-DD.", field=where) from fault


def written(record: Any) -> dict[str, JSON]:
    """The fields of a record that differ from their defaults, as JSON."""
    found: dict[str, JSON] = {}
    for each in fields(record):
        value = getattr(record, each.name)
        default = each.default if each.default_factory is MISSING else each.default_factory()
        if value != default:
            found[each.name] = _plain(value)
    return found


def _plain(value: Any) -> JSON:
    if is_dataclass(value) and not isinstance(value, type):
        return written(value)
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    return value.isoformat() if isinstance(value, date) else value
