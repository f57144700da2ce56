"""Writing self-contained programs: the functions a program uses, and all that they use, as readable source."""

import inspect
from collections.abc import Callable, Iterable
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

ALIASES = {
    "Rows": "Rows = list[list[int]]  # a grid: rows of colours, 0 is empty",
    "Piece": "Piece = tuple[int, int, Rows]  # top row, left column, cells",
    "Value": "Value = object",
    "Property": "Property = object  # a function of a piece",
    "Change": "Change = object  # a function from grid to grid",
}
"""What the annotations' names become, since an emitted program imports nothing."""


def names_in(code: CodeType) -> Iterable[str]:
    """The global names a function's code refers to, inner functions and comprehensions included."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_in(constant)


@lru_cache(maxsize=2048)
def dependencies(function: Callable[..., Any]) -> tuple[tuple[str, Any], ...]:
    """The (name, object) that a function uses directly, functions and constants, in order of appearance."""
    assert isinstance(function, FunctionType)
    found = dict.fromkeys(names_in(function.__code__))
    return tuple((name, function.__globals__[name]) for name in found if name in function.__globals__)


@lru_cache(maxsize=2048)
def source_of(function: Callable[..., Any]) -> str:
    """A function's source as it stands in its module."""
    return inspect.getsource(function).rstrip()


def collect(functions: Iterable[Callable[..., Any]]) -> dict[str, Any]:
    """The functions and everything they use by name, each after what it uses."""
    found: dict[str, Any] = {}

    def visit(name: str, item: Any) -> None:
        if name in found:
            return
        if callable(item):
            for inner_name, inner in dependencies(item):
                visit(inner_name, inner)
        found[name] = item

    for function in functions:
        visit(function.__name__, function)
    return found


def write_library(functions: Iterable[Callable[..., Any]]) -> str:
    """Source of the functions, their helpers, constants and the aliases their annotations use."""
    items = collect(functions)
    constants = [f"{name} = {item!r}" for name, item in items.items() if not callable(item)]
    sources = [source_of(item) for item in items.values() if callable(item)]
    text = "\n\n\n".join(sources)
    aliases = [line for name, line in ALIASES.items() if name in text or (name == "Rows" and "Piece" in text)]
    head = "\n".join(aliases + constants)
    return "\n\n\n".join(part for part in (head, text) if part)
