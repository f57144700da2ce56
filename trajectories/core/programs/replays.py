"""Replays: a program run once more with every statement recorded, to be looked at. Nothing is verified by a replay."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from trajectories.core.programs import recorder
from trajectories.core.programs.engines import CallResult, CallStatus, ProgramJob, ProgramLimits, clean_text
from trajectories.core.records import JSON

RULES_VERSION = 2
"""Of what a replay records. A kept replay of another version is made anew."""

LIMITS = ProgramLimits(seconds_per_call=20.0, seconds_total=60.0, output_bytes=2 * 1024 * 1024)
MOST_LINE = 1_000_000

THINNING = (
    f"A statement is shown the first {recorder.FIRST_RUNS} times that it runs, and after that at its 16th, 32nd, 64th "
    "run and so on, each time twice as far. What changes in between shows at the next statement that is."
)
"""The rule by which long loops are thinned, as pages say it."""

STOPPED = {
    "lines": f"Recording ended after {recorder.MOST_LINES:,} lines that ran; the program did more.",
    "steps": f"Recording ended after {recorder.MOST_STEPS:,} statements that are shown; the program did more.",
    "grids": f"Recording ended after {recorder.MOST_GRID_CHARACTERS:,} cells of different grids; the program did more.",
}
"""What pages say of a replay that reached a limit, by the limit."""

GARBLED = "The program changed what records it, so nothing of this can be shown."
GRID = re.compile(r"[0-9]{1,30}(?:/[0-9]{1,30}){0,29}")


@dataclass(frozen=True, slots=True)
class ReplayStep:
    """One statement that has run.

    `line` counts from 1, `call` is an index of `PairReplay.calls`, `run` says for which time the statement ran. `grids`
    are indices of `PairReplay.grids` by variable, `values` short texts by variable: what changed in this call of the
    function since its step before.
    """

    line: int
    call: int
    run: int
    grids: Mapping[str, int]
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PairReplay:
    """What a program did with one input.

    `calls` are (name of the function, depth) of the calls it made; `grids` the different grids, as digits with "/"
    between rows; `lines` how many lines ran. `stopped` is a key of STOPPED or "". `message` says why there are no steps
    or, with `fault_line` (0: unknown), what the program raised. `result` is what it returned as a grid, None for
    anything else, of which `other` tells in a few characters.
    """

    calls: Sequence[tuple[str, int]] = ()
    steps: Sequence[ReplayStep] = ()
    grids: Sequence[str] = ()
    lines: int = 0
    stopped: str = ""
    message: str = ""
    fault_line: int = 0
    result: str | None = None
    other: str = ""
    printed: str = ""

    def as_json(self) -> dict[str, JSON]:
        """The form in which it is kept and sent to pages."""
        return {
            "calls": [list(call) for call in self.calls],
            "steps": [[s.line, s.call, s.run, dict(s.grids), dict(s.values)] for s in self.steps],
            "grids": list(self.grids),
            "lines": self.lines,
            "stopped": self.stopped,
            "message": self.message,
            "fault_line": self.fault_line,
            "result": self.result,
            "other": self.other,
            "printed": self.printed,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, JSON]) -> "PairReplay":
        """From the form in which it is kept."""
        return cls(
            calls=[(name, depth) for name, depth in kept["calls"]],
            steps=[ReplayStep(*step) for step in kept["steps"]],
            **{name: value for name, value in kept.items() if name not in ("calls", "steps")},
        )


@cache
def _recorder_text() -> str:
    return Path(recorder.__file__).read_text(encoding="utf-8")


def replay_job(program: str, inputs: Sequence[JSON]) -> ProgramJob:
    """The job that records a program on each input grid; outputs that are expected are no part of it."""
    source = f"{_recorder_text()}\nSOURCE = {program!r}\n"
    return ProgramJob(source=source, calls=tuple([grid] for grid in inputs), function="replay", limits=LIMITS)


def read_replay(call: CallResult) -> PairReplay:
    """What a call of the recorder brought; the program may have written it itself."""
    if call.status is not CallStatus.RETURNED:
        return PairReplay(message=f"Nothing could be recorded: {_ends(call)}", printed=call.printed)
    try:
        return _read(call.value, call.printed)
    except (KeyError, TypeError, ValueError, IndexError):
        return PairReplay(message=GARBLED)


def _ends(call: CallResult) -> str:
    if call.status is CallStatus.UNSUPPORTED:
        return f"this installation's sandbox engine runs no recorder ({call.message})."
    return f"{call.message or call.status.value}."


def _read(value: JSON, printed: str) -> PairReplay:
    grids = [_grid(grid) for grid in _list(value["grids"], recorder.MOST_STEPS * 10)]
    calls = [(clean_text(_text(name), 60), _count(depth)) for name, depth in _list(value["calls"], recorder.MOST_STEPS)]
    steps = [_step(step, len(calls), len(grids)) for step in _list(value["steps"], recorder.MOST_STEPS)]
    fault = value["fault"]
    stopped = _text(value["stopped"])
    if stopped and stopped not in STOPPED:
        raise ValueError(stopped)
    return PairReplay(
        calls=calls,
        steps=steps,
        grids=grids,
        lines=_count(value["lines"]),
        stopped=stopped,
        message="" if fault is None else clean_text(_text(fault["text"]), 600),
        fault_line=0 if fault is None else _count(fault["line"]),
        result=None if value["result"] is None else _grid(value["result"]),
        other=clean_text(_text(value["other"]), 100),
        printed=printed,
    )


def _step(step: JSON, calls: int, grids: int) -> ReplayStep:
    line, call, run, changed, values = step
    if _count(call) >= calls or any(_count(index) >= grids for index in changed.values()):
        raise ValueError("a step names what is not there")
    return ReplayStep(
        line=_count(line),
        call=call,
        run=_count(run),
        grids={clean_text(name, 60): index for name, index in changed.items()},
        values={clean_text(name, 60): clean_text(_text(text), 60) for name, text in values.items()},
    )


def _list(value: JSON, most: int) -> Sequence[JSON]:
    if type(value) is not list or len(value) > most:
        raise ValueError("no list, or too long a one")
    return value


def _text(value: JSON) -> str:
    if type(value) is not str:
        raise TypeError("no text")
    return value


def _count(value: JSON) -> int:
    if type(value) is not int or not 0 <= value <= 2 * MOST_LINE:
        raise ValueError("no count")
    return value


def _grid(value: JSON) -> str:
    text = _text(value)
    if not GRID.fullmatch(text) or len({len(row) for row in text.split("/")}) > 1:
        raise ValueError("no grid")
    return text


def grid_cells(text: str) -> list[list[int]]:
    """The cells of a grid that is kept as digits."""
    return [[int(digit) for digit in row] for row in text.split("/")]


def grid_digits(cells: Sequence[Sequence[int]]) -> str:
    """A grid as replays keep it."""
    return "/".join("".join(map(str, row)) for row in cells)
