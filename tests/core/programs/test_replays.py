"""What a replay records, without a sandbox, and how strictly what comes back is read."""

from copy import deepcopy
from typing import Any

import pytest

from trajectories.core.programs import recorder
from trajectories.core.programs.engines import CallResult, CallStatus
from trajectories.core.programs.replays import GARBLED, PairReplay, grid_cells, read_replay, replay_job

GRID = [[1, 2], [3, 4]]


def record(source: str, *grids: Any) -> list[PairReplay]:
    """As in the sandbox, in this process."""
    inside: dict[str, Any] = {"__name__": "program"}
    job = replay_job(source, grids or (GRID,))
    exec(compile(job.source, "<program>", "exec"), inside)
    return [read_replay(CallResult(CallStatus.RETURNED, inside["replay"](*deepcopy(call)))) for call in job.calls]


def test_each_statement_shows_what_it_changed():
    [found] = record("def transform(grid):\n    out = [row[::-1] for row in grid]\n    out[0][0] = 7\n    return out\n")
    assert [step.line for step in found.steps] == [2, 3, 4]
    named = [{name: found.grids[grid] for name, grid in step.grids.items()} for step in found.steps]
    assert named == [{"grid": "12/34", "out": "21/43"}, {"out": "71/43"}, {}]
    assert found.result == "71/43"
    assert grid_cells(found.result) == [[7, 1], [4, 3]]


COMPREHENDING = """\
class Painter:
    colours = [1, 2]
    shades = {each: [other for other in (each,)] for each in colours}

def transform(grid):
    out = [
        [paint(cell, add) for cell in row]
        for row in grid
        if row
    ]
    seen = {cell for row in out for cell in row}
    names = {cell: str(cell) for cell in sorted(seen)}
    twos = [half for cell in seen if (half := cell // 2)]
    return [row for row in out] if names and twos and half and Painter.shades == {1: [1], 2: [2]} else grid

def paint(cell, add):
    return cell + add

add = 1
"""


def test_a_comprehension_is_part_of_its_statement_whatever_python_runs_it():
    [found] = record(COMPREHENDING)
    lines = [step.line for step in found.steps if found.calls[step.call][0] == "transform"]
    assert (found.message, found.result) == ("", "23/45")
    assert set(lines) - {8} == {6, 11, 12, 13, 14}
    assert [lines.count(line) for line in (11, 12, 14)] == [1, 1, 1]
    # Where a comprehension assigns in the function itself, each of its turns may be told.
    assert lines.count(13) >= 1
    told = {name for step in found.steps for name in step.values}
    assert not told & {"row", "other"}


def test_no_expected_output_is_part_of_the_job():
    job = replay_job("def transform(grid):\n    return grid\n", [GRID])
    assert job.calls == ([GRID],)


def test_calls_of_functions_are_told_apart_with_their_depth():
    source = (
        "def flip(rows):\n    return rows[::-1]\n\n"
        "def transform(grid):\n    one = flip(grid)\n    two = flip(one)\n    return two\n"
    )
    [found] = record(source)
    assert found.calls == [("flip", 1), ("transform", 0), ("flip", 1)]
    assert [(step.line, found.calls[step.call][0]) for step in found.steps] == [
        (2, "flip"),
        (5, "transform"),
        (2, "flip"),
        (6, "transform"),
        (7, "transform"),
    ]


def test_long_loops_are_thinned_by_the_stated_rule():
    source = "def transform(grid):\n    for at in range(100):\n        grid[0][0] = at % 10\n    return grid\n"
    [found] = record(source)
    runs = [step.run for step in found.steps if step.line == 3]
    assert runs == [*range(1, 11), 16, 32, 64]
    # What the runs between have changed shows at the next statement, so that nothing is lost.
    last = found.steps[-1]
    assert last.line == 4
    assert found.grids[last.grids["grid"]] == "92/34"


def test_a_loop_without_an_end_is_recorded_up_to_the_limit(monkeypatch):
    source = "def transform(grid):\n    while True:\n        grid[0][0] = 5\n"
    [found] = record(source)
    assert found.stopped == "lines"
    assert found.lines == recorder.MOST_LINES + 1
    assert found.result is None
    assert found.steps


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("def transform(grid):\n    x = 1\n    return grid[9]\n", 3, "IndexError: list index out of range"),
        ("def transform(grid:\n    return grid\n", 1, "SyntaxError"),
        ("import nothing_of_this_name\n", 1, "ModuleNotFoundError"),
        ("def other(grid):\n    return grid\n", 0, "no such function"),
    ],
)
def test_an_error_is_shown_at_its_line(source, line, words):
    [found] = record(source)
    assert (found.fault_line, words in found.message) == (line, True)
    assert found.result is None


def test_a_list_of_places_is_no_grid_and_masks_are():
    source = (
        "def transform(grid):\n    places = [(0, 1), (1, 0)]\n    mask = [[cell > 2 for cell in row] for row in grid]\n"
        "    big = [[0] * 31]\n    return places\n"
    )
    [found] = record(source)
    names = {name for step in found.steps for name in step.grids}
    assert names == {"grid", "mask"}
    assert "00/11" in found.grids
    assert (found.result, found.other) == (None, "list")


def test_values_of_variables_are_shown_short():
    [found] = record("def transform(grid):\n    n, word = 3, 'x' * 1000\n    return grid\n")
    values = found.steps[0].values
    assert values["n"] == "3"
    assert len(values["word"]) == recorder.LONGEST_VALUE


def garbled(**changes: Any) -> Any:
    good = {
        "steps": [[2, 0, 1, {"grid": 0}, {}]],
        "calls": [["transform", 0]],
        "grids": ["12/34"],
        "lines": 1,
        "stopped": "",
        "fault": None,
        "result": "12/34",
        "other": "",
    }
    return {**good, **changes}


def test_what_a_program_wrote_itself_is_read_strictly():
    assert read_replay(CallResult(CallStatus.RETURNED, garbled())).message == ""
    for value in (
        None,
        [],
        {"steps": []},
        garbled(grids=["<script>"]),
        garbled(grids=["12/345"]),
        garbled(grids=["1" * 31]),
        garbled(steps=[[2, 0, 1, {"grid": 7}, {}]]),
        garbled(steps=[[2, 9, 1, {}, {}]]),
        garbled(steps=[[-1, 0, 1, {}, {}]]),
        garbled(steps=[[2, 0, True, {}, {}]]),
        garbled(steps=[[2, 0, 1, {}, {"x": 5}]]),
        garbled(steps=[[2, 0, 1, {}, {}]] * (recorder.MOST_STEPS + 1)),
        garbled(stopped="for a reason of its own"),
        garbled(fault={"line": "1", "text": "x"}),
        garbled(result=[[1]]),
    ):
        assert read_replay(CallResult(CallStatus.RETURNED, value)).message == GARBLED


def test_what_is_kept_comes_back_as_it_was():
    [found] = record("def transform(grid):\n    return grid\n")
    assert PairReplay.from_json(found.as_json()) == found


@pytest.mark.parametrize("status", [status for status in CallStatus if status is not CallStatus.RETURNED])
def test_a_call_that_brought_nothing_says_why(status):
    found = read_replay(CallResult(status, message="all CPU time was used up", printed="x"))
    assert "all CPU time was used up" in found.message
    assert (found.steps, found.printed) == ((), "x")
