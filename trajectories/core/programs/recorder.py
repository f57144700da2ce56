"""Records a program line by line: which statement ran, and what the grids in its variables were after it.

The text of this module is sent into the sandbox, where it is the program that runs, see replays.replay_job. So it knows
the standard library only, and nothing of the application. The program it records runs beside it and may change what it
likes: whatever comes back is read as what a stranger wrote.
"""

import ast
import sys
import types
from typing import Any, NoReturn

SOURCE = ""
"""The program to record; the job sets it."""

FILE = "<replayed>"
FIRST_RUNS = 10
MOST_LINES = 1_000_000
MOST_STEPS = 2_000
MOST_GRID_CHARACTERS = 400_000
MOST_VALUES = 12
LONGEST_VALUE = 60
LONGEST_NAME = 60
MOST_SIDE = 30
PLAIN = (int, float, str, bool, type(None))
DIGITS = bytes.maketrans(bytes(range(10)), b"0123456789")


class Stopped(BaseException):
    """The recording has reached a limit. Not an Exception: programs catch those."""


def grid_text(value: Any) -> str | None:
    """The digits of a grid with "/" between its rows; None for what is none. A list of tuples is a list of places."""
    kind: type = type(value)
    if kind is not list and kind is not tuple:
        value = array_rows(value)
        kind = list
    if value is None or not 0 < len(value) <= MOST_SIDE:
        return None
    rows: list[bytes] = []
    for each in value:
        row = each if type(each) is list or type(each) is kind else array_row(each)
        if row is None or not 0 < len(row) <= MOST_SIDE:
            return None
        try:
            cells = bytes(row)
        except (TypeError, ValueError):
            return None
        if max(cells) > 9 or (rows and len(cells) != len(rows[0])):
            return None
        rows.append(cells.translate(DIGITS))
    return b"/".join(rows).decode()


def array_rows(value: Any) -> list[Any] | None:
    """The rows of a two-dimensional array; None for anything else."""
    if type(value).__name__ != "ndarray" or value.ndim != 2 or value.size > MOST_SIDE * MOST_SIDE:
        return None
    return [array_row(row) for row in value]


def array_row(row: Any) -> list[int] | None:
    """A row of an array as a list of whole numbers; None for what is none."""
    if type(row).__name__ != "ndarray" or row.ndim != 1 or row.size > MOST_SIDE:
        return None
    cells: list[Any] = row.tolist()
    if all(type(cell) is float and cell.is_integer() for cell in cells):
        return [int(cell) for cell in cells]
    return cells


def value_text(value: Any) -> str | None:
    """A number, a text or a short tuple of them in a few characters; None for what is none."""
    if type(value) in PLAIN or (
        type(value) is tuple and len(value) <= 4 and all(type(each) in PLAIN for each in value)
    ):
        text = repr(value)
        return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
    return None


def is_kept(run: int) -> bool:
    """Whether the `run`-th execution of a statement is recorded: the first FIRST_RUNS are, then at powers of 2."""
    return run <= FIRST_RUNS or run & (run - 1) == 0


class RecordedCall:
    """One call of a function of the program: what its variables were when they were last looked at."""

    def __init__(self, recorder: "Recorder", depth: int) -> None:
        self.recorder, self.depth = recorder, depth
        self.number: int | None = None
        self.pending: tuple[int, int] | None = None
        self.grids: dict[str, str] = {}
        self.values: dict[str, str] = {}

    def follow(self, frame: types.FrameType, event: str, _argument: Any) -> Any:
        """Take down the statement that has just ended, and note the next one."""
        recorder = self.recorder
        if self.pending is not None:
            recorder.take_down(self, frame, self.pending)
            self.pending = None
        if event == "line":
            recorder.lines += 1
            place = frame.f_lineno
            run = recorder.runs.get(place, 0) + 1
            recorder.runs[place] = run
            if is_kept(run):
                self.pending = (place, run)
            if recorder.lines > MOST_LINES:
                recorder.stop("lines")
        elif event == "return":
            recorder.depth = self.depth
        return self.follow


class Recorder:
    """What is recorded of one call of the program: its steps, and each different grid once."""

    def __init__(self) -> None:
        self.steps: list[Any] = []
        self.calls: list[Any] = []
        self.grids: dict[str, int] = {}
        self.runs: dict[int, int] = {}
        self.lines = self.characters = self.depth = 0
        self.stopped = ""

    def begin(self, frame: types.FrameType, event: str, _argument: Any) -> Any:
        """Follow a call of a function that the program itself defines."""
        code = frame.f_code
        if event != "call" or code.co_filename != FILE or code.co_name.startswith("<"):
            return None
        call = RecordedCall(self, self.depth)
        self.depth += 1
        return call.follow

    def stop(self, why: str) -> NoReturn:
        """End the program here."""
        self.stopped = why
        sys.settrace(None)
        raise Stopped

    def take_down(self, call: RecordedCall, frame: types.FrameType, place: tuple[int, int]) -> None:
        """One step: [line, call, run, {name: grid}, {name: value}], with what has changed since this call's last."""
        if len(self.steps) >= MOST_STEPS:
            self.stop("steps")
        if call.number is None:
            call.number = len(self.calls)
            self.calls.append([frame.f_code.co_name[:LONGEST_NAME], call.depth])
        grids: dict[str, int] = {}
        values: dict[str, str] = {}
        for name, value in frame.f_locals.items():
            grid = grid_text(value)
            if grid is not None:
                if call.grids.get(name) != grid:
                    call.grids[name] = grid
                    grids[name[:LONGEST_NAME]] = self.number_of(grid)
                continue
            call.grids.pop(name, None)
            text = value_text(value)
            if text is not None and call.values.get(name) != text:
                call.values[name] = text
                if len(values) < MOST_VALUES:
                    values[name[:LONGEST_NAME]] = text
        self.steps.append([place[0], call.number, place[1], grids, values])

    def number_of(self, grid: str) -> int:
        """The number of a grid among the different ones."""
        if grid not in self.grids:
            self.characters += len(grid)
            if self.characters > MOST_GRID_CHARACTERS:
                self.stop("grids")
            self.grids[grid] = len(self.grids)
        return self.grids[grid]


def fault_of(fault: BaseException) -> dict[str, Any]:
    """What an exception says, and the last line of the program that it passed through."""
    line = getattr(fault, "lineno", None) if isinstance(fault, SyntaxError) else None
    frame = fault.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == FILE:
            line = frame.tb_lineno
        frame = frame.tb_next
    try:
        text = f"{type(fault).__name__}: {fault.msg if isinstance(fault, SyntaxError) else fault}"[:500]
    except BaseException:
        text = "an exception that cannot be shown"
    return {"line": line if type(line) is int else 0, "text": text}


class ComprehensionsApart(ast.NodeTransformer):
    """Has each comprehension run as a call of its own, as Python did before 3.12.

    Since then it is a loop of the function that it stands in, whose every turn would be one more run of the statement.
    """

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Where it is a comprehension: the body of a lambda, called with what it begins to go through."""
        super().generic_visit(node)
        if not isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp):
            return node
        # One that assigns to a variable of the function, or awaits, can be no call.
        if any(isinstance(each, ast.NamedExpr | ast.Await) for each in ast.walk(node)) or any(
            each.is_async for each in node.generators
        ):
            return node
        rows = ast.arguments(posonlyargs=[], args=[ast.arg(".0")], kwonlyargs=[], kw_defaults=[], defaults=[])
        first = node.generators[0]
        call = ast.Call(ast.Lambda(rows, node), [first.iter], [])
        first.iter = ast.copy_location(ast.Name(".0", ast.Load()), first.iter)
        return ast.fix_missing_locations(ast.copy_location(call, node))


def compiled() -> types.CodeType:
    """The program, each of whose statements is told once when it runs once."""
    if sys.version_info >= (3, 12):
        try:
            tree = ComprehensionsApart().visit(ast.parse(SOURCE, FILE))
            return compile(tree, FILE, "exec", dont_inherit=True)
        except RecursionError:
            pass  # an expression deeper than the tree can be walked: as it is
    return compile(SOURCE, FILE, "exec", dont_inherit=True)


def load() -> tuple[types.ModuleType, dict[str, Any] | None]:
    """(the program's module, what kept it from loading or None)."""
    module = types.ModuleType("program")
    sys.modules["program"] = module
    try:
        exec(compiled(), module.__dict__)
    except Exception as fault:
        return module, fault_of(fault)
    return module, None


loaded: list[Any] = []
"""The module, once a first call has loaded it: as in verification, all calls of a program share it."""


def replay(grid: Any) -> dict[str, Any]:
    """Call the program's `transform` with a grid and record it."""
    if not loaded:
        loaded.extend(load())
    module, fault = loaded
    recorder, value = Recorder(), None
    if fault is None:
        try:
            transform = module.__dict__["transform"]
        except KeyError:
            fault = {"line": 0, "text": "NameError: name 'transform' is not defined: the program has no such function"}
    if fault is None:
        sys.settrace(recorder.begin)
        try:
            value = transform(grid)
        except Stopped:
            pass
        except Exception as error:
            fault = fault_of(error)
        finally:
            sys.settrace(None)
    result = None if fault or recorder.stopped else grid_text(value)
    return {
        "steps": recorder.steps,
        "calls": recorder.calls,
        "grids": list(recorder.grids),
        "lines": recorder.lines,
        "stopped": recorder.stopped,
        "fault": fault,
        "result": result,
        "other": "" if result is not None or fault or recorder.stopped else (value_text(value) or type(value).__name__),
    }
