"""Calls of helper functions: evaluated by the search, written out as Python by a program."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from trajectories.core.samplers.symbolic.pixel.helpers import cells, lattice, layouts, objects, rays, repair

_MODULES: tuple[ModuleType, ...] = (cells, rays, objects, lattice, repair, layouts)


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A helper function with arguments: other calls, variables (text), numbers, or tuples of numbers.

    `text` is the Python expression, and the identity of the call: equal texts mean equal values in one program.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    text: str

    def __hash__(self) -> int:
        return hash(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Call) and self.text == other.text


def call(function: Callable[..., Any], *arguments: Any) -> Call:
    """Build a call. A text argument is the name of a variable; a list becomes a list of its elements."""
    return Call(function, arguments, f"{function.__name__}({', '.join(_argument_text(a) for a in arguments)})")


def _argument_text(argument: Any) -> str:
    if isinstance(argument, Call):
        return argument.text
    if isinstance(argument, list):
        return f"[{', '.join(_argument_text(element) for element in argument)}]"
    return str(argument)


class Scope:
    """The variables of one input grid and the values of calls made on them, each computed once."""

    def __init__(self, **variables: Any) -> None:
        self._values: dict[str, Any] = dict(variables)

    def bind(self, name: str, value: Any) -> None:
        """Set a variable. Names are set once, before calls use them."""
        self._values[name] = value

    def value(self, expression: Any) -> Any:
        """The value of a call, a variable, a list of these, or a plain number."""
        if isinstance(expression, Call):
            found = self._values.get(expression.text)
            if found is None:
                found = expression.function(*(self.value(argument) for argument in expression.arguments))
                self._values[expression.text] = found
            return found
        if isinstance(expression, str):
            return self._values[expression]
        if isinstance(expression, list):
            return [self.value(element) for element in expression]
        return expression


def functions_of(expressions: Iterable[Any]) -> list[Callable[..., Any]]:
    """The helper functions that expressions call directly."""
    found: list[Callable[..., Any]] = []
    for expression in expressions:
        if isinstance(expression, Call):
            found.append(expression.function)
            found.extend(functions_of(expression.arguments))
        elif isinstance(expression, list):
            found.extend(functions_of(expression))
    return found


def helper_sources(functions: Iterable[Callable[..., Any]]) -> list[str]:
    """Source of the functions and of all helpers they use, in the order of the helper modules."""
    wanted: set[str] = set()
    waiting = [function.__name__ for function in functions]
    known = _helpers()
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting.extend(_names_used(known[name]) & known.keys())
    return [inspect.getsource(function).rstrip() for name, function in known.items() if name in wanted]


@cache
def _helpers() -> dict[str, Callable[..., Any]]:
    """Every helper by name, in source order."""
    return {
        name: value
        for module in _MODULES
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__
    }


def _names_used(function: Callable[..., Any]) -> set[str]:
    """Global names in a function, those inside its comprehensions included."""
    names: set[str] = set()
    codes = [function.__code__]
    while codes:
        code = codes.pop()
        names.update(code.co_names)
        codes.extend(constant for constant in code.co_consts if inspect.iscode(constant))
    return names
