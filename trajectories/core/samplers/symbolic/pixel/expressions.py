"""Calls of helper functions: evaluated by the search, written out as Python by a program."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from types import ModuleType
from typing import Any

from trajectories.core.samplers.symbolic.emit import source_of
from trajectories.core.samplers.symbolic.pixel.helpers import cells, lattice, layouts, objects, rays, repair
from trajectories.core.samplers.symbolic.pixel.quick import BOXED, BY_SIZE, FLAT, PLAIN, Box, Part, boxes_of

_MODULES: tuple[ModuleType, ...] = (cells, rays, objects, lattice, repair, layouts)


@dataclass(frozen=True, slots=True, eq=False)
class HelperCall:
    """A helper function with arguments: other calls, variables (text), numbers, or tuples of numbers.

    `text` is the Python expression, and the identity of the call: equal texts mean equal values in one program.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    text: str

    def __hash__(self) -> int:
        return hash(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HelperCall) and self.text == other.text


def call(function: Callable[..., Any], *arguments: Any) -> HelperCall:
    """Build a call. A text argument is the name of a variable; a list becomes a list of its elements."""
    return HelperCall(function, arguments, f"{function.__name__}({', '.join(_argument_text(a) for a in arguments)})")


def _argument_text(argument: Any) -> str:
    if isinstance(argument, HelperCall):
        return argument.text
    if isinstance(argument, list):
        return f"[{', '.join(_argument_text(element) for element in argument)}]"
    return str(argument)


LARGEST = 250
"""Larger numbers count as this one in flat maps, so that only "at least" may be asked of it."""

OFFSET = 2
"""What flat maps add to a number, so that -1 (none) and -2 (several) fit a byte."""

MOST_PARTS = 254
"""Parts that the cells of a flat map can be told apart by."""

Flat = tuple[int, bytes]
"""The width of a map, and its numbers, shifted, in reading order; a single number has the width 0."""


class Scope:
    """The variables of one input grid and the values of calls made on them, each computed once."""

    def __init__(self, **variables: Any) -> None:
        self._values: dict[str, Any] = dict(variables)
        self._flats: dict[str, Flat] = {}
        self._owners: dict[tuple[str, str], Flat | None] = {}
        self._boxes: dict[int, tuple[list[Part], list[Box]]] = {}

    def bind(self, name: str, value: Any) -> None:
        """Set a variable. Names are set once, before calls use them."""
        self._values[name] = value

    def value(self, expression: Any) -> Any:
        """The value of a call, a variable, a list of these, or a plain number."""
        if isinstance(expression, HelperCall):
            found = self._values.get(expression.text)
            if found is None:
                found = self._made(expression.function, [self.value(argument) for argument in expression.arguments])
                self._values[expression.text] = found
            return found
        if isinstance(expression, str):
            return self._values[expression]
        if isinstance(expression, list):
            return [self.value(element) for element in expression]
        return expression

    def flat(self, expression: HelperCall | str) -> Flat:
        """The value of a call or a variable that is a map or a number, as bytes."""
        text = expression if isinstance(expression, str) else expression.text
        found = self._flats.get(text)
        if found is None:
            made = self._flat(expression) if isinstance(expression, HelperCall) else None
            found = self._flats[text] = made or _flattened(self.value(expression))
        return found

    def _flat(self, expression: HelperCall) -> Flat | None:
        """The flat map where it can be made of other flat maps or of what many maps share, else None."""
        function, arguments = expression.function, expression.arguments
        if function is objects.paint:
            owner = self._owner(arguments[0], arguments[1])
            return None if owner is None else (owner[0], owner[1].translate(_palette(self.value(arguments[2]))))
        if function in BY_SIZE:
            grid = self.value(arguments[0])
            return len(grid[0]), _by_size(function, len(grid), len(grid[0]), arguments[1:])
        if function in FLAT:
            flats = [self.flat(each) for each in _maps(arguments)]
            # A number that was cut says too little.
            if all(width and LARGEST + OFFSET not in flat for width, flat in flats):
                plain = [argument for argument in arguments if isinstance(argument, int)]
                return flats[0][0], FLAT[function]([flat for _, flat in flats], *plain)
        return None

    def _owner(self, base: HelperCall | str, parts: HelperCall) -> Flat | None:
        """A map of the number of the part that each cell is in, from 1; None where there are too many."""
        key = base if isinstance(base, str) else base.text, parts.text
        if key not in self._owners:
            grid, found = self.value(base), self.value(parts)
            width = len(grid[0])
            cells_of = bytearray(len(grid) * width)
            for number, part in enumerate(found[:MOST_PARTS], 1):
                for r, c in part:
                    cells_of[r * width + c] = number
            self._owners[key] = (width, bytes(cells_of)) if len(found) <= MOST_PARTS else None
        return self._owners[key]

    def _made(self, function: Callable[..., Any], arguments: list[Any]) -> Any:
        """What a helper gives, by its quick form where it has one."""
        if function in BOXED:
            quick, place = BOXED[function]
            return quick(self._boxes_around(arguments[place]), *arguments)
        return PLAIN.get(function, function)(*arguments)

    def _boxes_around(self, parts: list[Part]) -> list[Box]:
        """The rectangles around parts; these are kept along, so that their id is no other's."""
        if id(parts) not in self._boxes:
            self._boxes[id(parts)] = (parts, boxes_of(parts))
        return self._boxes[id(parts)][1]


def _maps(arguments: Iterable[Any]) -> Iterator[HelperCall | str]:
    """The arguments that are maps, those in lists included."""
    for argument in arguments:
        if isinstance(argument, list):
            yield from _maps(argument)
        elif isinstance(argument, HelperCall | str):
            yield argument


def _flattened(value: Any) -> Flat:
    if isinstance(value, int):
        return 0, bytes([min(value, LARGEST) + OFFSET])
    numbers = [number for row in value for number in row]
    if max(numbers) > LARGEST:
        numbers = [min(number, LARGEST) for number in numbers]
    return len(value[0]), bytes([number + OFFSET for number in numbers])


def _palette(numbers: Sequence[int]) -> bytes:
    """What the number of a part is exchanged for: that of the part, -1 where there is none."""
    found = bytes([OFFSET - 1, *[min(number, LARGEST) + OFFSET for number in numbers]])
    return found.ljust(256, b"\0")


@lru_cache(maxsize=4096)
def _by_size(function: Callable[..., Any], height: int, width: int, details: tuple[int, ...]) -> bytes:
    """A map that says nothing but where a cell is."""
    return _flattened(function([[0] * width for _ in range(height)], *details))[1]


def functions_of(expressions: Iterable[Any]) -> list[Callable[..., Any]]:
    """The helper functions that expressions call directly."""
    found: list[Callable[..., Any]] = []
    for expression in expressions:
        if isinstance(expression, HelperCall):
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
    return [source_of(function) for name, function in known.items() if name in wanted]


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
