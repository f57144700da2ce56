"""What is particular to the monty engine: telling its own gaps from faults of the program, and forks."""

import os
from collections.abc import Iterator

import pytest

from trajectories.adapters.sandbox import open_engine, shared_engine
from trajectories.adapters.sandbox.monty import MontyEngine
from trajectories.core.programs import CallResult, CallStatus, ProgramJob, ProgramLimits

QUICK = ProgramLimits(seconds_per_call=1.0, seconds_total=3.0, memory_bytes=64 * 1024 * 1024, output_bytes=4096)


@pytest.fixture(scope="module")
def engine() -> Iterator[MontyEngine]:
    opened = MontyEngine(workers=1)
    yield opened
    opened.close()


def call(engine: MontyEngine, body: str, prelude: str = "") -> CallResult:
    source = f"{prelude}\ndef transform(grid):\n" + "\n".join(f"    {line}" for line in body.splitlines())
    return engine.run(ProgramJob(source, ([[[1, 2]]],), limits=QUICK)).calls[0]


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np",
        "from heapq import heappush",
        "from collections import OrderedDict",
        "from typing import *",
        "class A:\n    @property\n    def x(self): return 1",
        "class A(list): pass",
        "def rows():\n    yield 1",
        "x = 1\ndel x",
        "callable(len)",
        "globals()",
        "import sys\nsys.exit(1)",
        "import os\nos.environ",
        "open('/etc/passwd')",
        "next(cell for cell in [1])",
        "getattr([], 'append')",
        "-" * 100_000 + "1",
    ],
)
def test_what_monty_lacks_is_unsupported_and_never_raised(engine: MontyEngine, source: str) -> None:
    run = engine.run(ProgramJob(source + "\ndef transform(grid): return grid", ([[[1]]],), limits=QUICK))
    assert run.calls[0].status is CallStatus.UNSUPPORTED, run.calls[0]
    assert run.calls[0].message


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return grid[9]", "IndexError"),
        ("return 1 / 0", "ZeroDivisionError"),
        ("return nothing", "name 'nothing' is not defined"),
        ("return grid.fly()", "no attribute 'fly'"),
        ("return len(3)", "TypeError"),
        ("raise NotImplementedError('later')", "later"),
        ("assert False", "AssertionError"),
    ],
)
def test_faults_of_the_program_are_raised(engine: MontyEngine, body: str, words: str) -> None:
    result = call(engine, body)
    assert result.status is CallStatus.RAISED
    assert words in result.message


def test_names_carry_versions(engine: MontyEngine) -> None:
    name, version = engine.name.split()
    assert name == "monty"
    assert version[0].isdigit()


def test_sleeping_costs_nothing(engine: MontyEngine) -> None:
    result = call(engine, "time.sleep(1000)\nreturn grid", prelude="import time")
    assert (result.status, result.value) == (CallStatus.RETURNED, [[1, 2]])


def test_random_numbers_are_the_same_every_time(engine: MontyEngine) -> None:
    values = [call(engine, "return random.random()", prelude="import random").value for _ in range(2)]
    assert values[0] == values[1]


def test_a_forked_child_is_refused_and_leaves_the_parents_workers_alone(engine: MontyEngine) -> None:
    assert call(engine, "return 1").value == 1
    child = os.fork()
    if child == 0:
        try:
            call(MontyEngine(workers=1), "return 2")
        except RuntimeError:
            engine.close()
            os._exit(7)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert call(engine, "return 3").value == 3


def test_opening_by_name() -> None:
    assert open_engine("monty").name.startswith("monty ")
    assert shared_engine("monty") is shared_engine("monty")
    with pytest.raises(ValueError, match="PROGRAM_ENGINE: found 'docker', expected one of"):
        open_engine("docker")
