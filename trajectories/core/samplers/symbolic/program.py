"""Programs of the grid and object views: chains of operations, alone or stacked as layers, inside a frame."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trajectories.core.problems.grids import Grid
from trajectories.core.samplers.symbolic.candidates import ExplainedStep
from trajectories.core.samplers.symbolic.emit import write_library
from trajectories.core.samplers.symbolic.frames import Frame
from trajectories.core.samplers.symbolic.operation import Op, to_grid, to_rows, write_value
from trajectories.core.samplers.symbolic.values import Rows


def stack_layers(layers: list[Rows], tables: list[dict[int, int] | None]) -> Rows | None:
    """Lay layers of one size on one another, the first on top.

    A layer with a table paints only the colours in its table, as the table says; one without paints all its non-empty
    cells as they are. What no layer paints stays empty.
    """
    height, width = len(layers[0]), len(layers[0][0])
    if any(len(layer) != height or len(layer[0]) != width for layer in layers):
        return None
    result = [[0] * width for _ in range(height)]
    for layer, table in list(zip(layers, tables))[::-1]:
        for i, row in enumerate(layer):
            for j, cell in enumerate(row):
                if table is None:
                    result[i][j] = cell or result[i][j]
                elif cell in table:
                    result[i][j] = table[cell]
    return result


@dataclass(frozen=True, slots=True)
class Layer:
    """A chain of operations from the (framed) input to a grid; `table` says which of its colours are painted how.

    `surprise` is by how much the chain is longer by what was learnt of earlier programs than by its description.
    """

    steps: tuple[Op, ...]
    table: tuple[tuple[int, int], ...] | None = None
    surprise: float = 0.0

    @property
    def cost(self) -> float:
        """Description length: the operations plus the table's entries that change a colour, and half of the surprise:
        the mean of both lengths."""
        described = sum(op.cost for op in self.steps) + sum(0.3 + 0.2 * (a != b) for a, b in self.table or ())
        return described + self.surprise / 2

    @property
    def key(self) -> str:
        """Normal form."""
        return " > ".join(op.key for op in self.steps) + (f" as {dict(self.table)}" if self.table is not None else "")

    def run(self, start: Rows) -> Rows | None:
        """The layer's grid before its table is applied, or None where an operation does not apply."""
        value: Any = start
        for op in self.steps:
            value = op.apply(value, start)
            if value is None:
                return None
        return value  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class GridProgram:
    """One layer is a plain chain; several are stacked, the first on top."""

    layers: tuple[Layer, ...]
    frame: Frame | None = None

    @property
    def stacked(self) -> bool:
        """Whether the layers are stacked, rather than one chain's grid being the result."""
        return len(self.layers) > 1 or self.layers[0].table is not None

    @property
    def key(self) -> str:
        """Normal form."""
        frame = self.frame.enter.__name__ + ": " if self.frame else ""
        return frame + " | ".join(layer.key for layer in self.layers)

    @property
    def cost(self) -> float:
        """Description length of frame, layers and stacking."""
        return sum(layer.cost + 0.7 for layer in self.layers) + (self.frame.cost if self.frame else 0.0)

    @property
    def view(self) -> str:
        """The view of the operations: "object" as soon as one of them is about objects."""
        return "object" if any(op.about_objects for layer in self.layers for op in layer.steps) else "grid"

    @property
    def depth(self) -> int:
        """The number of operations."""
        return sum(len(layer.steps) for layer in self.layers)

    def run(self, grid: Grid) -> Grid | None:
        """The output on one input, or None where the program has none."""
        rows = to_rows(grid)
        start = self.frame.enter(rows, rows) if self.frame else rows
        if start is None:
            return None
        grids = []
        for layer in self.layers:
            result = layer.run(start)
            if result is None:
                return None
            grids.append(result)
        return self.finish(grids, rows)

    def finish(self, grids: list[Rows], rows: Rows) -> Grid | None:
        """The output on one input, `rows`, of which the layers made `grids`, or None where the program has none."""
        final = grids[0]
        if self.stacked:
            stacked = stack_layers(grids, [None if x.table is None else dict(x.table) for x in self.layers])
            if stacked is None:
                return None
            final = stacked
        left = self.frame.leave(final, rows) if self.frame else final
        return None if left is None else to_grid(left)

    def source(self) -> str:
        """Self-contained Python: the operations' own source and `transform`, which calls them in order."""
        functions: list[Callable[..., Any]] = []
        if self.frame:
            functions += [self.frame.enter, self.frame.leave]
        for layer in self.layers:
            for op in layer.steps:
                functions += [op.function, *[value for value in op.args if callable(value)]]
        if self.stacked:
            functions.append(stack_layers)
        library = write_library(functions)
        return (library + "\n\n\n" if library else "") + "\n".join(self._transform()) + "\n"

    def _transform(self) -> list[str]:
        count = len(self.layers)
        told = self.headline if count == 1 else f"Stack {count} layers; the upper one: {self.headline}"
        lines = ["def transform(grid: list[list[int]]) -> list[list[int]]:", f'    """{told}."""']
        start = "grid"
        if self.frame:
            start = "start"
            lines += [f"    # {self.frame.enter_title}.", f"    start = {self.frame.enter.__name__}(grid, grid)"]
        names = []
        for number, layer in enumerate(self.layers, 1):
            if len(self.layers) > 1:
                place = " (on top)" if number == 1 else ""
                lines.append(f"    # Layer {number}{place}{'' if layer.steps else ': the input itself'}.")
            body, name = write_steps(layer.steps, start)
            lines += body
            if len(self.layers) > 1 and layer.steps:
                lines.append(f"    layer_{number} = {name}")
                name = f"layer_{number}"
            names.append(name)
        result = names[0]
        if self.stacked:
            tables = ", ".join("None" if x.table is None else repr(dict(x.table)) for x in self.layers)
            lines += ["    # Stack the layers.", f"    result = stack_layers([{', '.join(names)}], [{tables}])"]
            result = "result"
        if self.frame:
            lines += [f"    # {self.frame.leave_title}.", f"    return {self.frame.leave.__name__}({result}, grid)"]
        else:
            lines.append(f"    return [row[:] for row in {result}]")
        return lines

    @property
    def headline(self) -> str:
        """The most telling step in a few words: the last operation of the upper layer that does more than draw."""
        steps = self.layers[0].steps
        telling = [op for op in steps if not op.function.__name__.startswith("draw_")] or steps
        if telling:
            return telling[-1].title
        return "Stack the input on other layers" if self.stacked else "Leave the input unchanged"

    def effects(self, grid: Grid) -> tuple[str, ...]:
        """What each explained step gives on one input, in the order of `explain`; "" where that says nothing."""
        rows = to_rows(grid)
        start = self.frame.enter(rows, rows) if self.frame else rows
        if start is None:
            return ("",) * len(self.explain())
        notes = [describe_value(start)] if self.frame else []
        for layer in self.layers:
            value: Any = start
            for op in layer.steps:
                value = None if value is None else op.apply(value, start)
                notes.append(describe_value(value))
            notes += [""] * ((not layer.steps) + (layer.table is not None))
        notes += [""] * ((len(self.layers) > 1) + (self.frame is not None))
        return tuple(notes)

    def explain(self) -> tuple[ExplainedStep, ...]:
        """The steps in order of execution: the frame, each layer's operations and painting, the stacking."""
        steps = []
        if self.frame:
            steps.append(ExplainedStep(self.frame.enter_title, describe_function(self.frame.enter)))
        for number, layer in enumerate(self.layers, 1):
            prefix = f"Layer {number}: " if len(self.layers) > 1 else ""
            for op in layer.steps:
                what = describe_function(op.function)
                told = what == f"{op.title}."
                steps.append(ExplainedStep(prefix + op.title, op.note if told else f"{what} {op.note}".rstrip()))
            if not layer.steps:
                steps.append(ExplainedStep(prefix + "Take the input", "The input itself is used unchanged."))
            if layer.table is not None:
                steps.append(ExplainedStep(prefix + title_table(dict(layer.table)), describe_table(dict(layer.table))))
        if len(self.layers) > 1:
            steps.append(ExplainedStep("Stack the layers", describe_function(stack_layers)))
        if self.frame:
            steps.append(ExplainedStep(self.frame.leave_title, describe_function(self.frame.leave)))
        return tuple(steps)


def write_steps(steps: tuple[Op, ...], start: str) -> tuple[list[str], str]:
    """The lines of `transform` that run a chain from the variable `start`, and the variable that holds its result."""
    lines, name = [], start
    for op in steps:
        target = "pieces" if op.gives == "pieces" else "picture"
        details = [name, *([start] if op.original else []), *[write_value(value) for value in op.args]]
        lines += [f"    # {op.title}.", f"    {target} = {op.function.__name__}({', '.join(details)})"]
        name = target
    return lines, name


def describe_function(function: Callable[..., Any]) -> str:
    """What a function of the DSL does: its description as one paragraph."""
    return " ".join((function.__doc__ or "").split())


def describe_value(value: Any) -> str:
    """A grid by its size and colours, pieces by their number."""
    if value is None:
        return "nothing"
    if isinstance(value[0], tuple):
        return "1 piece" if len(value) == 1 else f"{len(value)} pieces"
    filled = [cell for row in value for cell in row if cell]
    if not filled:
        return f"an empty {len(value)}×{len(value[0])} grid"
    cells = "1 filled cell" if len(filled) == 1 else f"{len(filled)} filled cells"
    colours = sorted(set(filled))
    named = f"colour{'s' if len(colours) > 1 else ''} {', '.join(map(str, colours))}"
    return f"a {len(value)}×{len(value[0])} grid with {cells} ({named})"


def title_table(table: dict[int, int]) -> str:
    """A short title for painting by a table: 'Recolour 3 to 7'."""
    changed = [f"{a} to {b}" for a, b in sorted(table.items()) if a != b]
    return "Recolour " + ", ".join(changed) if changed else "Keep colours " + ", ".join(map(str, sorted(table)))


def describe_table(table: dict[int, int]) -> str:
    """A sentence on what a table paints."""
    parts = [f"{a} is painted as {b}" if a != b else f"{a} stays {a}" for a, b in sorted(table.items())]
    return "In this picture " + ", ".join(parts) + "; other colours are left out."
