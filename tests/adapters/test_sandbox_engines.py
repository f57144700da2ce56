"""What every sandbox engine must do, with well-meant and with hostile programs."""

import time
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trajectories.core.programs.engines import (
    CallResult,
    CallStatus,
    ProgramEngine,
    ProgramJob,
    ProgramLimits,
    ProgramRun,
)
from trajectories.core.records import JSON

QUICK = ProgramLimits(seconds_per_call=1.0, seconds_total=2.5, memory_bytes=192 * 1024 * 1024, output_bytes=8192)

GRID = [[1, 2], [3, 4]]

WORDS = [
    "def transform(x):",
    "return x",
    "\n",
    "    ",
    "while 0:",
    "pass",
    "1 / 0",
    "[",
    ")",
    "lambda: 0",
    "import os",
    ";",
    "x",
]


def run(engine: ProgramEngine, source: str, *inputs: JSON, limits: ProgramLimits = QUICK) -> ProgramRun:
    return engine.run(ProgramJob(source, tuple([value] for value in inputs or (GRID,)), limits=limits))


def call(engine: ProgramEngine, body: str, prelude: str = "") -> CallResult:
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return run(engine, f"{prelude}\ndef transform(grid):\n{lines}\n").calls[0]


def assert_healthy(engine: ProgramEngine) -> None:
    """The engine still verifies rightly, whatever ran before."""
    healthy = run(engine, "def transform(grid):\n    return sorted([len(row) for row in grid])", [[1], [2, 3]])
    assert healthy.calls[0].value == [1, 2], healthy


def test_values_come_back_in_call_order(engine: ProgramEngine) -> None:
    found = run(engine, "def transform(grid):\n    return [row[::-1] for row in grid]", GRID, [[5, 6, 7]])
    assert [result.value for result in found.calls] == [[[2, 1], [4, 3]], [[7, 6, 5]]]
    assert all(result.status is CallStatus.RETURNED for result in found.calls)
    assert found.engine == engine.name
    assert found.facts["limits"]["seconds_total"] == QUICK.seconds_total


def test_other_function_names_and_several_arguments(engine: ProgramEngine) -> None:
    job = ProgramJob("def add(a, b):\n    return a + b", ([1, 2], ["a", "b"]), function="add", limits=QUICK)
    assert [result.value for result in engine.run(job).calls] == [3, "ab"]


def test_every_json_value_survives_the_way_in_and_out(engine: ProgramEngine) -> None:
    value = {"a": [1, 2.5, True, None, "naïve ✓ \u2028 '\""], "b": {}, "c": [], "d": -(2**70), "": [[[]]]}
    assert run(engine, "def transform(value):\n    return value", value).calls[0].value == value


def test_tuples_come_back_as_lists(engine: ProgramEngine) -> None:
    assert call(engine, "return tuple(tuple(row) for row in grid)").value == GRID


def test_printing_is_kept_and_does_not_disturb_the_value(engine: ProgramEngine) -> None:
    result = call(engine, "print('seen', len(grid))\nreturn grid")
    assert (result.status, result.value) == (CallStatus.RETURNED, GRID)
    assert result.printed == "seen 2\n"


def test_changing_the_argument_is_not_seen_by_the_next_call_or_the_caller(engine: ProgramEngine) -> None:
    grid = [[1]]
    source = "def transform(grid):\n    grid[0][0] += 1\n    grid.append([9])\n    return grid"
    found = run(engine, source, grid, grid)
    assert [result.value for result in found.calls] == [[[2], [9]], [[2], [9]]]
    assert grid == [[1]]


def test_one_failing_call_leaves_the_others(engine: ProgramEngine) -> None:
    found = run(engine, "def transform(n):\n    while n == 1: pass\n    return 10 // n", 5, 0, 1, 2)
    assert [result.status for result in found.calls] == [
        CallStatus.RETURNED,
        CallStatus.RAISED,
        CallStatus.TIMEOUT,
        CallStatus.RETURNED,
    ]
    assert found.calls[3].value == 5


def test_a_job_without_calls_gives_no_results(engine: ProgramEngine) -> None:
    assert engine.run(ProgramJob("def transform(grid): return 1", (), limits=QUICK)).calls == ()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def transform(grid:\n    pass", "SyntaxError"),
        ("raise ValueError('at import')", "at import"),
        ("other = 1", "transform"),
        ("", "transform"),
        ("transform = 3", "TypeError"),
        ("def transform(): return 1", "TypeError"),
        ("def transform(grid): return '\ud800'", ""),
    ],
)
def test_programs_that_do_not_load_fail_every_call(engine: ProgramEngine, source: str, words: str) -> None:
    found = run(engine, source, GRID, GRID)
    assert len(found.calls) == 2
    for result in found.calls:
        assert result.status in (CallStatus.RAISED, CallStatus.UNSUPPORTED)
        assert words in result.message


@pytest.mark.parametrize(
    "body",
    [
        "return {1, 2}",
        "return float('nan')",
        "return [[1, float('inf')]]",
        "return 1e308 * 10",
        "grid.append(grid)\nreturn grid",
        "return b'bytes'",
        "return lambda: 1",
        "return 1j",
        "value = 1\nfor _ in range(500):\n    value = [value]\nreturn value",
    ],
)
def test_what_json_has_no_form_for_is_named(engine: ProgramEngine, body: str) -> None:
    result = call(engine, body)
    assert result.status is CallStatus.NOT_JSON, result
    assert result.value is None
    assert result.message


def test_an_endless_loop_ends_at_its_limit(engine: ProgramEngine) -> None:
    started = time.monotonic()
    result = call(engine, "while True:\n    pass")
    assert result.status is CallStatus.TIMEOUT
    assert result.message
    assert time.monotonic() - started < QUICK.seconds_total + 5
    assert_healthy(engine)


def test_an_endless_loop_that_catches_everything_ends_too(engine: ProgramEngine) -> None:
    body = "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass"
    assert call(engine, body).status is CallStatus.TIMEOUT
    assert_healthy(engine)


def test_an_endless_loop_at_import_fails_every_call_once(engine: ProgramEngine) -> None:
    found = run(engine, "while True:\n    pass", GRID, GRID, GRID)
    assert [result.status for result in found.calls] == [CallStatus.TIMEOUT] * 3
    assert_healthy(engine)


def test_the_total_is_limited_over_all_calls(engine: ProgramEngine) -> None:
    started = time.monotonic()
    found = run(engine, "def transform(n):\n    while True:\n        pass", *range(20))
    assert [result.status for result in found.calls] == [CallStatus.TIMEOUT] * 20
    assert time.monotonic() - started < QUICK.seconds_total + 5


@pytest.mark.parametrize(
    "body",
    [
        "return 10 ** 10 ** 8 % 7",
        "import re\nreturn re.match('(a+)+$', 'a' * 60 + 'b') is None",
        "return len(str(7 ** 10_000_000))",
        "return sum(range(10 ** 12))",
    ],
)
def test_loops_inside_native_code_end_too(engine: ProgramEngine, body: str) -> None:
    result = call(engine, body)
    assert result.status is not CallStatus.CRASHED
    assert result.status is not CallStatus.RETURNED or result.value is True
    assert_healthy(engine)


@pytest.mark.parametrize(
    "body",
    [
        "return len([0] * 10 ** 10)",
        "kept = []\nwhile True:\n    kept.append('x' * 20_000_000 + str(len(kept)))",
        "return len('x' * 10 ** 10)",
    ],
)
def test_memory_is_limited(engine: ProgramEngine, body: str) -> None:
    lines = body.replace("\n", "\n    ")
    patient = replace(QUICK, seconds_per_call=30.0, seconds_total=30.0)
    found = run(engine, f"def transform(grid):\n    {lines}", limits=patient)
    assert found.calls[0].status is CallStatus.MEMORY
    assert_healthy(engine)


@pytest.mark.parametrize(
    "body", ["while True:\n    print('x' * 100)", "return 'x' * 100_000", "return [[1] * 100] * 100"]
)
def test_output_is_limited(engine: ProgramEngine, body: str) -> None:
    result = call(engine, body)
    assert result.status is CallStatus.OUTPUT
    assert len(result.printed) <= QUICK.output_bytes
    assert_healthy(engine)


def test_a_value_that_unfolds_without_end_stays_inside(engine: ProgramEngine) -> None:
    result = call(engine, "value = [1]\nfor _ in range(40):\n    value = [value, value]\nreturn value")
    assert result.status in (CallStatus.MEMORY, CallStatus.OUTPUT, CallStatus.TIMEOUT, CallStatus.NOT_JSON)
    assert_healthy(engine)


def test_deep_recursion_is_an_exception_of_the_program(engine: ProgramEngine) -> None:
    result = call(engine, "return deeper(0)", prelude="def deeper(n):\n    return deeper(n + 1)")
    assert result.status is CallStatus.RAISED
    assert "RecursionError" in result.message
    assert_healthy(engine)


def test_messages_and_printed_text_are_storable(engine: ProgramEngine) -> None:
    result = call(engine, "print('a\\0b')\nraise ValueError('nul \\0 here')")
    assert result.status is CallStatus.RAISED
    assert "\0" not in result.message + result.printed


def test_raising_system_exit_is_the_programs_own_failing(engine: ProgramEngine) -> None:
    assert call(engine, "raise SystemExit").status is CallStatus.RAISED
    assert_healthy(engine)


@pytest.mark.parametrize(
    "body",
    [
        "return open('/etc/passwd').read()",
        "import os\nreturn dict(os.environ)['DJANGO_SETTINGS_MODULE']",
        "import socket\nreturn socket.create_connection(('127.0.0.1', 22), 1).fileno()",
        "from django.conf import settings\nreturn settings.SECRET_KEY",
    ],
)
def test_the_host_is_out_of_reach(engine: ProgramEngine, body: str) -> None:
    assert call(engine, body).status in (CallStatus.RAISED, CallStatus.UNSUPPORTED)


def test_state_of_one_program_never_reaches_the_next(engine: ProgramEngine) -> None:
    spoil = "import json\nleft = 7\nsorted = len = list = lambda *a, **k: 'spoilt'\ndef transform(grid): return 1"
    run(engine, spoil)
    assert_healthy(engine)
    assert call(engine, "return left").status is CallStatus.RAISED


@given(source=st.text(max_size=60) | st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_as_a_program_gives_one_result_per_call(engine: ProgramEngine, source: str) -> None:
    found = run(engine, source, 1, 2, limits=QUICK)
    assert len(found.calls) == 2
    for result in found.calls:
        assert result.status in CallStatus
        assert result.status is CallStatus.RETURNED or result.message
