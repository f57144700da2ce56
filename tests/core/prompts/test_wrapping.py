import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.prompts.problems import rows
from tests.core.prompts.test_variation import variations
from trajectories.core.problems.grids import grid_to_lists, parse_grid
from trajectories.core.prompts import Variation
from trajectories.core.prompts.variation import vary_grid
from trajectories.core.prompts.wrapping import can_compose, compose_programs, wrap_program

TURNED = Variation(symmetry=5, colours=(0, 2, 1, *range(3, 10)))
PROGRAMS = {
    "same": "def transform(grid):\n    return grid\n",
    "first row": "def transform(grid):\n    return grid[:1]\n",
    "mirror": "def transform(grid):\n    return [row[::-1] for row in grid]\n",
    "recursive": (
        "def transform(grid):\n    '''transform'''\n    if len(grid) == 1:\n        return [grid[0][::-1]]\n"
        "    return transform(grid[:1]) + transform(grid[1:])\n"
    ),
    "lambda": "transform = lambda grid: [[(cell + 1) % 10 for cell in row] for row in grid]\n",
    "tuples": "def transform(grid):\n    return tuple(tuple(row) for row in grid)\n",
}


def run(program, grid):
    """What a program of ours makes of a grid; programs of models run in the sandbox."""
    names = {}
    exec(compile(program, "program", "exec"), names)
    return [list(row) for row in names["transform"](grid)]


@settings(max_examples=60)
@given(variations, rows, st.sampled_from(sorted(PROGRAMS)))
def test_a_wrapped_program_does_on_the_task_what_the_program_does_on_the_varied_task(variation, grid, name):
    wrapped = wrap_program(variation, PROGRAMS[name])
    shown = grid_to_lists(vary_grid(variation, parse_grid(grid)))
    by_hand = run(PROGRAMS[name], shown)
    assert grid_to_lists(vary_grid(variation, parse_grid(run(wrapped, grid)))) == by_hand


def test_a_wrapped_program_imports_nothing():
    tree = ast.parse(wrap_program(TURNED, PROGRAMS["recursive"]))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]


@pytest.mark.parametrize("variation", [None, Variation(), Variation(order=(1, 0))])
def test_a_program_whose_grids_look_the_same_stays_as_it_is(variation):
    assert wrap_program(variation, PROGRAMS["mirror"]) == PROGRAMS["mirror"]


def test_only_the_function_is_renamed():
    program = "import lib\nmy_transform = 1\ndef transform(grid):\n    return lib.transform(grid)  # transform\n"
    lines = wrap_program(TURNED, program).splitlines()
    assert lines[1:4] == [
        "my_transform = 1",
        "def transform_varied(grid):",
        "    return lib.transform(grid)  # transform",
    ]


def test_a_name_that_is_taken_is_not_used():
    program = "def transform_varied(grid):\n    return grid\ndef transform(grid):\n    return transform_varied(grid)\n"
    assert run(wrap_program(TURNED, program), [[1, 2]]) == [[1, 2]]


def test_ragged_output_stays_ragged():
    program = "def transform(grid):\n    return [[1, 2], [3]]\n"
    assert run(wrap_program(TURNED, program), [[1]]) == [[2, 1], [3]]


@pytest.mark.parametrize("output", ["[]", "[[]]"])
def test_empty_output_stays_empty(output):
    assert sum(map(len, run(wrap_program(TURNED, f"def transform(grid):\n    return {output}\n"), [[1]]))) == 0


@given(st.text())
def test_any_text_is_wrapped(text):
    assert isinstance(wrap_program(TURNED, text), str)


FIRST = '''STEP = 1


def helper(grid):
    """Adds
one."""
    return [[cell + STEP for cell in row] for row in grid]


def transform(grid):
    return helper(grid)
'''
SECOND = """import math
STEP = 10

def helper(grid):
    return [[cell * STEP for cell in row] for row in grid]

transform = lambda grid: helper(grid)
"""


def test_composed_programs_keep_their_own_names():
    assert run(compose_programs(FIRST, SECOND), [[1, 2]]) == [[20, 30]]
    assert run(compose_programs(SECOND, FIRST), [[1, 2]]) == [[11, 21]]
    assert run(compose_programs(compose_programs(FIRST, FIRST), SECOND), [[1, 2]]) == [[30, 40]]


def test_a_recursive_program_calls_itself_when_composed():
    recursive = "def transform(grid, left=2):\n    return grid if not left else transform(grid + [[9]], left - 1)\n"
    assert run(compose_programs(recursive, FIRST), [[1]]) == [[2], [10], [10]]


def test_what_would_mean_something_else_inside_a_function_is_not_composed():
    assert can_compose(FIRST)
    assert can_compose(SECOND)
    for program in (
        "from math import *\n",
        "from __future__ import annotations\n",
        "def f():\n    global x\n",
        "def (",
    ):
        assert not can_compose(program)
