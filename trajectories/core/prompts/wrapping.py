"""Programs written for a varied task, made to work on the task itself: undo . program . do, in plain Python."""

import ast
import io
import tokenize

from trajectories.core.prompts.variation import Variation

MAX_PROGRAM = 200_000
"""Characters; a longer text is no program that anybody wrote."""

FUNCTION = "transform"


def wrap_program(variation: Variation | None, program: str) -> str:
    """A program for the task itself from one for the varied task; it imports nothing more than the program does."""
    if variation is None or not variation.changes_grids or not program.strip():
        return program
    inner = f"{FUNCTION}_varied"
    while inner in program:
        inner += "_"
    body = _rename(program, inner).rstrip()
    return f"{body}\n\n\n# The program above sees the task turned or recoloured.\n{_frame(variation, inner)}"


def can_compose(program: str) -> bool:
    """Whether the program still means the same inside a function: Python, without `import *`, `global` or imports from
    the future."""
    try:
        nodes = list(ast.walk(ast.parse(program)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    odd = any(node.module == "__future__" or node.names[0].name == "*" for node in imports)
    return not odd and not any(isinstance(node, ast.Global) for node in nodes)


def compose_programs(first: str, second: str) -> str:
    """A program that does what `first` does and then what `second` does (both as `can_compose` wants them).

    Each keeps its own text; names that both define beside the function would clash, so each gets a scope of its own.
    """
    earlier, later = _scoped(first, "first_step"), _scoped(second, "second_step")
    return (
        f"{earlier}\n\n{later}\n\n"
        f"def {FUNCTION}(grid):\n    return second_step()([list(row) for row in first_step()(grid)])\n"
    )


def _scoped(program: str, name: str) -> str:
    """The program inside a function that returns its function. Texts of several lines in it keep their lines."""
    inner = f"{FUNCTION}_{name}"
    body = _rename(program, inner)
    return f"def {name}():\n{_indented(body)}\n    return {inner}\n"


def _indented(program: str) -> str:
    """The program four columns to the right; lines that begin inside a string stay where they are."""
    lines = program.splitlines(keepends=True)
    inside: set[int] = set()
    try:
        for token in tokenize.generate_tokens(io.StringIO("".join(lines)).readline):
            inside.update(range(token.start[0] + 1, token.end[0] + 1))
    except (tokenize.TokenError, SyntaxError, ValueError):
        inside = set()
    shifted = ["    " + line if number not in inside and line.strip() else line for number, line in enumerate(lines, 1)]
    return "".join(shifted).rstrip("\n")


def _frame(variation: Variation, inner: str) -> str:
    shown = {colour: shown for colour, shown in enumerate(variation.colours) if colour != shown}
    back = {value: key for key, value in shown.items()}
    do = [_recolour(shown)] if shown else []
    do += ["rows = [list(row) for row in zip(*rows)]"] if variation.symmetry & 4 else []
    flips = ["rows = rows[::-1]"] if variation.symmetry & 2 else []
    flips += ["rows = [row[::-1] for row in rows]"] if variation.symmetry & 1 else []
    undo = [*flips[::-1], *(["rows = [list(row) for row in zip(*rows)]"] if variation.symmetry & 4 else [])]
    lines = [
        f"def {FUNCTION}(grid):",
        *("    " + line for line in ("rows = [list(row) for row in grid]", *do, *flips)),
        f"    rows = [list(row) for row in {inner}(rows)]",
        *(["    " + _recolour(back)] if back else []),
        "    if len(set(len(row) for row in rows)) != 1:",
        "        return rows",
        *("    " + line for line in undo),
        "    return rows",
    ]
    return "\n".join(lines) + "\n"


def _recolour(mapping: dict[int, int]) -> str:
    return f"rows = [[{mapping}.get(cell, cell) for cell in row] for row in rows]"


def _rename(program: str, inner: str) -> str:
    """The program with its function called `inner`, wherever it is named: a recursive one calls itself.

    Text that is no Python stays as it is; it fails when it is run, whatever it is called.
    """
    lines = program.splitlines(keepends=True)
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO("".join(lines)).readline))
    except (tokenize.TokenError, SyntaxError, ValueError):
        return program
    before = ""
    places = []
    for token in tokens:
        if token.type == tokenize.NAME and token.string == FUNCTION and before != ".":
            places.append(token.start)
        before = token.string
    return _replace(io.StringIO("".join(lines)).readlines(), places, inner)


def _replace(lines: list[str], places: list[tuple[int, int]], inner: str) -> str:
    """The lines with the name at each place (line from 1, column) replaced; each line is put together once."""
    by_line: dict[int, list[int]] = {}
    for line, column in places:
        by_line.setdefault(line, []).append(column)
    for number, columns in by_line.items():
        text, end, parts = lines[number - 1], 0, []
        for column in columns:
            parts += [text[end:column], inner]
            end = column + len(FUNCTION)
        lines[number - 1] = "".join(parts) + text[end:]
    return "".join(lines)
