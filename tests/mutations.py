"""Every way in which one value of a JSON document can be of a wrong type."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2.5,
    10**30,
    10**4000,
    float("inf"),
    float("nan"),
    "",
    "x",
    "\0",
    "\ud800",
    "é" * 300,
    [],
    [[]],
    ["x"],
    [None],
    [{}],
    {},
    {"": ""},
    {"x": [{"\ud800": "\0"}]},
)
"""One of each JSON type and what is awkward of it; a parser of ours lets no infinity in, other callers may."""


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of every value in a document, the document's own left out."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    for key, part in parts:
        yield (*path, key)
        yield from paths(part, (*path, key))


def replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of the document with one value replaced."""
    changed = deepcopy(document)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return changed


def mutations(document: Any) -> Iterator[tuple[tuple[Any, ...], Any, Any]]:
    """(path, value put there, changed document) for every place and every odd value."""
    for path in paths(document):
        for value in ODD_VALUES:
            yield path, value, replaced(document, path, value)
