"""The values that operations of the DSL pass to one another. The aliases are also written into emitted programs."""

from collections.abc import Callable
from typing import Any

Rows = list[list[int]]
"""A grid as an emitted program sees it; 0 stands for empty unless an operation says otherwise."""

Piece = tuple[int, int, Rows]
"""A part of a grid: the row and column of its top left corner, and its cells (0 where it has none)."""

Value = Any
"""What a property of a piece may be: anything that compares and hashes."""

Property = Callable[[Piece], Value]
"""What pieces are compared by."""

Change = Callable[..., Rows | None]
"""What turns a grid into another one, or into None where it does not apply."""
