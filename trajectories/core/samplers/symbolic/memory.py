"""What one search remembers: every value once, what operations made of it, and what pieces were measured to be.

Nothing here changes what a search finds: an operation that is asked again for a value that it has seen gives the same.
"""

from collections.abc import Callable, Sequence
from typing import Any

from trajectories.core.problems.grids import MAX_SIDE
from trajectories.core.samplers.symbolic.object import draw, properties
from trajectories.core.samplers.symbolic.operation import Op
from trajectories.core.samplers.symbolic.quick import (
    QUICK,
    QUICK_DRAW,
    QUICK_ON_PIECES,
    QUICK_PIECES,
    QUICK_WITH_ORIGINAL,
)
from trajectories.core.samplers.symbolic.quick.flat import Flat, FlatPiece, rows_of
from trajectories.core.samplers.symbolic.values import Change, Piece, Property, Rows, Value

PLACED = (properties.top_of, properties.left_of)
"""The properties that do not follow from a piece's cells alone; they are as quick as a look-up."""


def flatten(rows: Rows) -> bytes:
    """The cells in reading order."""
    return b"".join(map(bytes, rows))


class Done:
    """A value with what the search asks of it; equal values are one object, told apart by `number`.

    `cells` is its size in units of work; `shape` (height and width) and `flat` (the cells) are those of a grid;
    `pieces` are pieces by their cells.
    """

    __slots__ = ("_value", "cells", "flat", "number", "pieces", "shape")

    def __init__(
        self,
        value: Value,
        number: int,
        cells: int,
        shape: tuple[int, int] | None = None,
        flat: bytes = b"",
        pieces: tuple[FlatPiece, ...] = (),
    ) -> None:
        self._value = value
        self.number = number
        self.cells = cells
        self.shape = shape
        self.flat = flat
        self.pieces = pieces

    @property
    def value(self) -> Value:
        """The value as operations take it. The rows of a grid are made when they are first asked for."""
        if self._value is None and self.shape is not None:
            self._value = [list(row) for row in rows_of(self.shape[1], self.flat)]
        return self._value


class SearchMemory:
    """The values and operations of one search, and of what is learned before it."""

    def __init__(self) -> None:
        self._grids: dict[Flat, Done] = {}
        self._pieces: dict[tuple[FlatPiece, ...], Done] = {}
        self._originals: dict[int, tuple[Rows, Flat]] = {}
        """The inputs with their width and cells, by their ids."""
        self._rows: dict[Flat, Rows] = {}
        """The cells of pieces, equal ones once."""
        self._flats: dict[int, Flat] = {}
        """The width and cells of what `_rows` holds, and so keeps alive, by its id."""
        self._runners: dict[int, Runner] = {}
        self._measures: dict[Property, Property] = {}

    def forget(self) -> None:
        """Let go of everything: operations and what they remember hold one another."""
        self._runners.clear()
        self._measures.clear()

    def grid(self, rows: Rows) -> Done:
        """A grid as the search knows it."""
        return self.flat_grid(self.flat_of(rows), rows)

    def flat_grid(self, flat: Flat, rows: Rows | None = None) -> Done:
        """The same of its cells; `rows` where they are at hand."""
        found = self._grids.get(flat)
        if found is None:
            width, cells = flat
            found = Done(rows, self._number(), len(cells), (len(cells) // width, width), cells)
            self._grids[flat] = found
        return found

    def pieces(self, pieces: Sequence[Piece]) -> Done:
        """Pieces as the search knows them."""
        return self.flat_pieces([(top, left, self.flat_of(rows)) for top, left, rows in pieces])

    def flat_pieces(self, pieces: Sequence[FlatPiece]) -> Done:
        """The same of their cells."""
        key = tuple(pieces)
        found = self._pieces.get(key)
        if found is None:
            shared = [(top, left, self.rows_of(flat)) for top, left, flat in pieces]
            cells = sum([8 + len(flat[1]) for _, _, flat in pieces])
            found = Done(shared, self._number(), cells, pieces=key)
            self._pieces[key] = found
        return found

    def flat_of(self, rows: Rows) -> Flat:
        """The width and cells of rows."""
        return self._flats.get(id(rows)) or (len(rows[0]), b"".join(map(bytes, rows)))

    def original(self, rows: Rows) -> Flat:
        """The width and cells of an input."""
        found = self._originals.get(id(rows))
        if found is None:
            found = self._originals[id(rows)] = (rows, self.flat_of(rows))
        return found[1]

    def rows_of(self, flat: Flat) -> Rows:
        """The rows of these cells that all pieces share."""
        found = self._rows.get(flat)
        if found is None:
            found = self._rows[flat] = [list(row) for row in rows_of(*flat)]
            self._flats[id(found)] = flat
        return found

    def runner(self, op: Op) -> "Runner":
        """The operation as this search runs it."""
        found = self._runners.get(id(op))
        if found is None:
            found = self._runners[id(op)] = Runner(op, self)
        return found

    def recall(self, measure: Property) -> Property:
        """The property, measured once for equal pieces."""
        if measure in PLACED:
            return measure
        if measure not in self._measures:
            self._measures[measure] = self._recalled(measure)
        return self._measures[measure]

    def recall_change(self, change: Change) -> Change:
        """The change, made once of the same cells. Its details must be the same each time."""
        known: dict[int, tuple[Rows, Rows | None]] = {}
        quick = QUICK.get(change)

        def recalled(rows: Rows, *details: Value) -> Rows | None:
            found = known.get(id(rows))
            if found is None:
                if quick is None:
                    made = change(rows, *details)
                else:
                    flat = quick(*self.flat_of(rows), *details)
                    made = None if flat is None else self.rows_of(flat)
                found = known[id(rows)] = (rows, made)
            return found[1]

        return recalled

    @staticmethod
    def _recalled(measure: Property) -> Property:
        known: dict[int, tuple[Rows, Value]] = {}

        def recalled(piece: Piece) -> Value:
            rows = piece[2]
            found = known.get(id(rows))
            if found is None:
                found = known[id(rows)] = (rows, measure(piece))
            return found[1]

        return recalled

    def _number(self) -> int:
        return len(self._grids) + len(self._pieces)


class Runner:
    """An operation with what it made of the values that it was given."""

    __slots__ = ("_known", "_make", "op", "weight")

    def __init__(self, op: Op, memory: SearchMemory) -> None:
        self.op = op
        self.weight = op.weight
        self._known: dict[Any, Done | None] = {}
        self._make = _maker(op, memory)

    def run(self, before: Done, original: Rows) -> Done | None:
        """What the operation makes of a value on one input, None where it does not apply."""
        key = (before.number, id(original)) if self.op.original else before.number
        known = self._known
        if key in known:
            return known[key]
        done = known[key] = self._make(before, original)
        return done


def _maker(op: Op, memory: SearchMemory) -> Callable[[Done, Rows], Done | None]:
    """What runs an operation: by its quick form, where it has one."""
    if quick := QUICK.get(op.function):
        return lambda before, _: _kept(quick(before.shape[1], before.flat, *op.args), memory)  # type: ignore[index]
    if with_original := QUICK_WITH_ORIGINAL.get(op.function):
        return lambda before, original: _kept(
            with_original(before.shape[1], before.flat, memory.original(original), *op.args),  # type: ignore[index]
            memory,
        )
    if drawn := QUICK_DRAW.get(op.function):
        return lambda before, original: memory.flat_grid(drawn(before.pieces, memory.original(original)))
    if cut := QUICK_PIECES.get(op.function):

        def made(before: Done, _: Rows) -> Done | None:
            assert before.shape is not None
            pieces = cut(before.shape[1], before.flat, *op.args)
            return memory.flat_pieces(pieces) if pieces else None

        return made
    args = tuple(_recalled(op, value, memory) for value in op.args)
    if changed := QUICK_ON_PIECES.get(op.function):
        return lambda before, _: memory.flat_pieces(changed(before.value, before.pieces, *args))
    run = op.with_args(args).apply if any(callable(value) for value in args) else op.apply
    take: Callable[[Any], Done] = memory.grid if op.gives == "grid" else memory.pieces

    def applied(before: Done, original: Rows) -> Done | None:
        value = run(before.value, original)
        return None if value is None else take(value)

    return applied


def _kept(flat: Flat | None, memory: SearchMemory) -> Done | None:
    """A grid that an operation made, None where it is none or too large."""
    if flat is None or not flat[1] or flat[0] > MAX_SIDE or len(flat[1]) > MAX_SIDE * flat[0]:
        return None
    return memory.flat_grid(flat)


def _recalled(op: Op, value: Value, memory: SearchMemory) -> Value:
    """A detail of an operation: a property or a change as the search remembers it."""
    if not callable(value):
        return value
    return memory.recall_change(value) if op.function is draw.change_each else memory.recall(value)
