"""How values of stored evidence are read: what is missing, or something else than it should be, stands for nothing."""

from collections.abc import Mapping
from typing import Any


def read_text(value: Any) -> str:
    """A text; "" for what is none."""
    return value if isinstance(value, str) else ""


def read_mapping(value: Any) -> dict[str, Any]:
    """An object; an empty one for what is none."""
    return dict(value) if isinstance(value, Mapping) else {}


def read_list(value: Any) -> list[Any]:
    """A list; an empty one for what is none."""
    return list(value) if isinstance(value, list | tuple) else []


def read_rows(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list; none for what is no list."""
    return [each for each in read_list(value) if isinstance(each, Mapping)]


def read_number(value: Any) -> float:
    """A number; 0 for what is none."""
    return float(value) if type(value) in (int, float) else 0.0


def read_whole(value: Any) -> int | None:
    """A whole number; None for what is none."""
    return value if type(value) is int else None


def read_shares(value: Any) -> list[float | None]:
    """A number for each item of a list, None for what is none; an empty list for what is no list."""
    return [float(each) if type(each) in (int, float) else None for each in read_list(value)]


def read_counts(value: Any, count: int) -> list[int]:
    """A whole number for each step; 0 for what is none."""
    found = read_list(value)
    return [each if type(each) is int else 0 for each in (*found[:count], *[0] * (count - len(found)))]
