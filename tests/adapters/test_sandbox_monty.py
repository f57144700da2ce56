"""What is particular to the monty engine: telling its own gaps from faults of the program, and forks."""

import os
from collections.abc import Iterator

import pytest

from trajectories.adapters.sandbox import open_engine, shared_engine
from trajectories.adapters.sandbox.monty import MontyEngine
from trajectories.core.programs.engines import CallResult, CallStatus, ProgramJob, ProgramLimits

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


def test_a_run_is_not_faithful(engine: MontyEngine) -> None:
    run = engine.run(ProgramJob("def transform(grid): return grid", ([1],), limits=QUICK))
    assert not run.faithful
    assert run.facts["faithful"] is False


def test_every_job_has_a_fresh_interpreter(engine: MontyEngine) -> None:
    """Whatever a job leaves, and however it ends, the next one does not know its names, values or changed modules."""
    spoils = ["left = ['canary']", "import math\nleft = 1\nmath.pi = 'canary'", "left = 1\nraise ValueError(left)"]
    spoils += ["left = 1\nwhile True: pass", "left = 'x' * 10 ** 10"]
    for spoil in spoils:
        engine.run(ProgramJob(f"{spoil}\ndef transform(grid): return left", (["canary"],), limits=QUICK))
        for name in ("left", "_call_arguments", "transform_of_before"):
            fault = call(engine, f"return {name}", prelude="" if name != "_call_arguments" else f"kept = {name}")
            assert (fault.status, f"name '{name}' is not defined" in fault.message) == (CallStatus.RAISED, True), fault
        assert call(engine, "return math.pi", prelude="import math").value == 3.141592653589793


def test_an_input_is_not_there_before_it_is_asked_about(engine: MontyEngine) -> None:
    """Nor after the interpreter was replaced, for it then is that of the call at hand and of no other."""
    source = "seen = []\ndef transform(n):\n    seen.append(_call_arguments)\n    while n == 2: pass\n    return seen"
    limits = ProgramLimits(seconds_per_call=0.5, seconds_total=20.0)
    calls = engine.run(ProgramJob(source, ([1], [2], [3], [4]), limits=limits)).calls
    assert [call.value for call in calls] == [[[1]], None, [[3]], [[3], [4]]]


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
