"""What a program finds in its own memory: its own job as far as it has come, and nothing of any other.

Canaries are texts that occur nowhere else. A program looks for them in all that it can read of its own process.
"""

import os
import signal
from collections.abc import Iterator
from itertools import count

import pytest

from tests.adapters.conftest import sandbox_environment
from tests.adapters.test_sandbox_engines import run
from tests.adapters.test_sandbox_workers import children_of
from trajectories.adapters.sandbox.bubblewrap import BubblewrapEngine
from trajectories.adapters.sandbox.process import SandboxUnavailableError
from trajectories.core.programs.engines import CallStatus, ProgramJob, ProgramLimits
from trajectories.core.records import JSON

PATIENT = ProgramLimits(seconds_per_call=60.0, seconds_total=120.0)
SHORT = ProgramLimits(seconds_per_call=0.5, seconds_total=1.0)

LOOK = """
import ctypes, os, re
{imports}
def look():
    # Its memory is closed even to itself until it says that it may be looked at.
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
    pattern, found, size = re.compile(b"canary" + rb"-[a-z]+-[0-9]{{9}}"), set(), 0
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps.read().splitlines():
            addresses, rights = line.split()[:2]
            if "r" not in rights or "[v" in line:
                continue
            start, end = (int(address, 16) for address in addresses.split("-"))
            for place in range(start, end, 1 << 20):
                memory.seek(place)
                try:
                    piece = memory.read(min((1 << 20) + 64, end - place))
                except OSError:
                    continue
                size += len(piece)
                found.update(match.decode() for match in pattern.findall(piece))
    return sorted(found) if size > 4_000_000 else "looked at too little"
"""

_numbers = count(100_000_000)


def canary(kind: str) -> str:
    """A text that occurs nowhere else, not even in the source of these tests."""
    return f"canary-{kind}-{next(_numbers)}"


@pytest.fixture
def lone() -> Iterator[BubblewrapEngine]:
    """An engine with one worker for each set of packages, so that jobs follow one another in it."""
    try:
        opened = BubblewrapEngine(sandbox_environment(), workers=1)
        opened.run(ProgramJob("", ([],)))
    except SandboxUnavailableError as fault:
        pytest.skip(f"bubblewrap: {fault}")
    yield opened
    opened.close()


@pytest.fixture(params=["", "import numpy"])
def imports(request: pytest.FixtureRequest, lone: BubblewrapEngine) -> str:
    if request.param and "numpy" not in lone.name:
        pytest.skip("numpy: the sandbox environment is not installed (see docs/verification.md)")
    return request.param


def seen_by(engine: BubblewrapEngine, imports: str, own: str) -> JSON:
    """All canaries that a program sees which has `own` as its input."""
    source = LOOK.format(imports=imports) + "def transform(own): return look()"
    result = run(engine, source, own, limits=PATIENT).calls[0]
    assert result.status is CallStatus.RETURNED, result.message
    return result.value


def plant(engine: BubblewrapEngine, imports: str, body: str, limits: ProgramLimits = PATIENT) -> None:
    """Run a program with canaries in its source, its inputs, and whatever `body` does with `made`."""
    source = (
        f"{imports}\nNOTE = '{canary('source')}'\ndef transform(given):\n    made = given.replace('input', 'made')\n"
    )
    source += "".join(f"    {line}\n" for line in body.splitlines())
    run(engine, source, canary("input"), canary("input"), limits=limits)


ENDINGS = {
    "returns": "return made * 10",
    "prints": "print(made * 10)",
    "raises": "raise ValueError(made)",
    "fills memory": "kept = [made * 1000 + str(n) for n in range(5000)]\nreturn made",
    "ends its process": "import os\nprint(made)\nos._exit(3)",
    "is killed": "import os\nprint(made)\nos.kill(os.getpid(), 9)",
    "never ends": "print(made)\nwhile True: pass",
    "returns no JSON": "return {made}",
    "forges a result": "import os\nos.write(3, b'\\x00\\x00\\x00\\x40R' + made.encode() * 9)\nos._exit(0)",
}


def test_nothing_of_earlier_programs_is_in_memory(lone: BubblewrapEngine, imports: str) -> None:
    run(lone, f"{imports}\ndef transform(given): return given")
    workers = lone.worker_pids()
    for body in ENDINGS.values():
        plant(lone, imports, body, SHORT if "while" in body else PATIENT)
    own = canary("own")
    assert seen_by(lone, imports, own) == [own]
    assert lone.worker_pids() == workers, "another worker would have nothing to show anyway"


def test_a_program_that_does_not_load_leaves_nothing_in_memory(lone: BubblewrapEngine) -> None:
    workers = lone.worker_pids()
    for source in (f"'{canary('source')}", f"raise ValueError('{canary('source')}')", f"while '{canary('source')}': 1"):
        run(lone, source, canary("input"), limits=SHORT)
    own = canary("own")
    assert seen_by(lone, "", own) == [own]
    assert lone.worker_pids() == workers


def test_an_input_is_not_there_before_it_is_asked_about(lone: BubblewrapEngine) -> None:
    first, second, third = (canary("input") for _ in range(3))
    source = LOOK.format(imports="") + "early = look()\ndef transform(own): return [early, look()]"
    values = [call.value for call in run(lone, source, first, second, third, limits=PATIENT).calls]
    assert values == [[[], [first]], [[], [first, second]], [[], [first, second, third]]]


def test_an_input_is_not_in_the_pipe_before_it_is_asked_about(lone: BubblewrapEngine) -> None:
    body = "import os\nos.set_blocking(4, False)\ntry: return os.read(4, 9).decode()\nexcept BlockingIOError: return 0"
    body += "\nfinally: os.set_blocking(4, True)"
    source = "def transform(given):\n" + "".join(f"    {line}\n" for line in body.splitlines())
    assert [call.value for call in run(lone, source, *range(3)).calls] == [0, 0, 0]


@pytest.mark.parametrize("ending", ["os._exit(0)", "os.kill(os.getpid(), 9)", "os.close(3)", "ctypes.string_at(0)"])
def test_a_child_that_takes_over_after_a_lost_call_has_only_its_own_input(lone: BubblewrapEngine, ending: str) -> None:
    lost, own = canary("lost"), canary("own")
    source = LOOK.format(imports="") + f"def transform(given):\n    if 'lost' in given: {ending}\n    return look()"
    calls = run(lone, source, lost, own, limits=PATIENT).calls
    assert calls[0].status is CallStatus.CRASHED
    assert calls[1].value == [own]


def test_a_child_that_takes_over_after_an_endless_call_has_only_its_own_input(lone: BubblewrapEngine) -> None:
    endless, own = canary("endless"), canary("own")
    source = LOOK.format(imports="") + (
        "def transform(given):\n    while 'endless' in given: kept = given * 9\n    return look()"
    )
    limits = ProgramLimits(seconds_per_call=6.0, seconds_total=120.0)
    calls = run(lone, source, endless, own, limits=limits).calls
    assert calls[0].status is CallStatus.TIMEOUT
    assert calls[1].value == [own]


def test_a_job_whose_worker_had_died_finds_nothing_in_the_new_one(lone: BubblewrapEngine) -> None:
    plant(lone, "", "return made")
    for pid in lone.worker_pids():
        os.kill(pid, signal.SIGKILL)
    own = canary("own")
    assert seen_by(lone, "", own) == [own]


def test_a_child_killed_while_it_waits_is_replaced_unnoticed(lone: BubblewrapEngine) -> None:
    plant(lone, "", "return made")
    workers = lone.worker_pids()
    while not (waiting := children_of(workers[0])):
        pass  # it is forked once the job before has been answered
    os.kill(waiting[0], signal.SIGKILL)
    own = canary("own")
    assert seen_by(lone, "", own) == [own]
    assert lone.worker_pids() == workers
