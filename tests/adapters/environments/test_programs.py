"""Programs in a child process with limits: every way in which a call ends, and nothing left over."""

import pytest

from trajectories.adapters.environments.programs import LimitedEngine
from trajectories.core.programs.engines import CallStatus, ProgramJob, ProgramLimits

LIMITS = ProgramLimits(seconds_per_call=1.0, seconds_total=3.0, memory_bytes=64 * 1024 * 1024, output_bytes=4096)
MANY = "def transform(grid):\n    return 'x' * 100_000"


def run(source, *calls):
    job = ProgramJob(source=source, calls=tuple([call] for call in calls or ([[1]],)), limits=LIMITS)
    return LimitedEngine().run(job)


@pytest.mark.parametrize(
    ("source", "status", "said"),
    [
        ("def transform(grid):\n    return grid", CallStatus.RETURNED, ""),
        ("def transform(grid):\n    return grid[5]", CallStatus.RAISED, "IndexError"),
        ("def transform(grid)", CallStatus.RAISED, "SyntaxError"),
        ("def other(grid):\n    return grid", CallStatus.RAISED, "has no such function"),
        ("def transform(grid):\n    while True: pass", CallStatus.TIMEOUT, "no result within 1 s"),
        ("def transform(grid):\n    return bytearray(10**9) and 1", CallStatus.MEMORY, "MemoryError"),
        (MANY, CallStatus.OUTPUT, "returned more than 4096 bytes"),
        ("def transform(grid):\n    print('x' * 10_000)", CallStatus.OUTPUT, "printed more than 4096 bytes"),
        ("def transform(grid):\n    return {1, 2}", CallStatus.NOT_JSON, "set"),
        ("import nobody_has_this\ndef transform(grid):\n    return grid", CallStatus.UNSUPPORTED, "nobody_has_this"),
        ("import os\ndef transform(grid):\n    os._exit(3)", CallStatus.CRASHED, "exit code 3"),
    ],
)
def test_each_end_of_a_call_is_told_as_the_sandbox_tells_it(source, status, said):
    [call] = run(source).calls
    assert call.status is status
    assert said in call.message


def test_calls_share_nothing_and_one_that_dies_leaves_the_next_alone():
    source = (
        "import os\nseen = []\ndef transform(grid):\n    if grid == [[9]]:\n        os._exit(1)\n"
        "    seen.append(grid)\n    return [[len(seen)]]"
    )
    calls = run(source, [[1]], [[9]], [[2]]).calls
    assert [call.status for call in calls] == [CallStatus.RETURNED, CallStatus.CRASHED, CallStatus.RETURNED]
    assert calls[2].value == [[1]], "a fresh process"


def test_the_run_says_which_engine_it_was_and_its_limits():
    ran = run("def transform(grid):\n    return grid")
    assert ran.engine.startswith("limited process / CPython 3.")
    assert ran.facts["limits"]["memory_bytes"] == LIMITS.memory_bytes
    assert ran.faithful


def test_a_program_reads_no_variables_of_who_runs_it(monkeypatch):
    monkeypatch.setenv("A_SECRET_OF_OURS", "told")
    [call] = run("import os\ndef transform(grid):\n    return sorted(os.environ)").calls
    assert "A_SECRET_OF_OURS" not in call.value
