"""Python values as JSON and back, where JSON alone would lose what a scorer looks at: tuples, sets, odd keys."""

import enum
from collections.abc import Callable, Mapping
from typing import Any

TUPLE, SET, PAIRS = "__tuple__", "__set__", "__pairs__"
_MARKS: dict[str, Callable[[Any], Any]] = {TUPLE: tuple, SET: set, PAIRS: dict}


def pack(value: Any) -> Any:
    """The value as JSON. Raises TypeError for what is neither a plain value nor a collection of plain values."""
    if isinstance(value, enum.Enum):
        return pack(value.value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [pack(item) for item in value]
    if isinstance(value, tuple):
        return {TUPLE: [pack(item) for item in value]}
    if isinstance(value, set | frozenset):
        return {SET: sorted((pack(item) for item in value), key=repr)}
    if isinstance(value, Mapping):
        if all(isinstance(key, str) and key not in _MARKS for key in value):
            return {key: pack(item) for key, item in value.items()}
        return {PAIRS: [[pack(key), pack(item)] for key, item in value.items()]}
    if hasattr(value, "item"):  # a number of numpy
        return pack(value.item())
    raise TypeError(f"found a {type(value).__name__}, expected a plain value")


def unpack(value: Any) -> Any:
    """The value that `pack` was given, frozen sets as sets and enumerations as their values."""
    if isinstance(value, list):
        return [unpack(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if len(value) == 1 and (mark := next(iter(value))) in _MARKS:
        items = [tuple(unpack(item)) if mark == PAIRS else unpack(item) for item in value[mark]]
        return _MARKS[mark](items)
    return {key: unpack(item) for key, item in value.items()}
