"""Workers of the sandbox: killed, shared and forked, they are replaced and leave nothing behind."""

import contextlib
import os
import signal
import threading
from pathlib import Path

from tests.adapters.test_sandbox_engines import assert_healthy, call, run
from trajectories.adapters.sandbox.bubblewrap import BubblewrapEngine
from trajectories.core.programs.engines import CallStatus, ProgramLimits, ProgramRun


def test_a_worker_killed_while_idle_is_replaced_unnoticed(bubblewrap: BubblewrapEngine) -> None:
    assert_healthy(bubblewrap)
    for pid in bubblewrap.worker_pids():
        os.kill(pid, signal.SIGKILL)
    assert_healthy(bubblewrap)


def test_a_program_begins_with_nothing_but_itself(bubblewrap: BubblewrapEngine) -> None:
    """What a worker does before, so that programs begin quickly, is not there for them."""
    source = "found = sorted(name for name in globals() if name[:2] != '__')\ndef transform(grid): return found"
    (result,) = run(bubblewrap, source).calls
    assert (result.value, result.printed) == ([], "")
    for name in ("Counter", "math", "Cells"):
        assert call(bubblewrap, f"return {name}").status is CallStatus.RAISED


SLOW = (
    "import os, time\ndef transform(seconds):\n"
    "    os.setpriority(os.PRIO_PROCESS, 0, 19)\n    time.sleep(seconds)\n    return seconds"
)


def kill_busy_worker(engine: BubblewrapEngine, *, but: int = 0) -> int:
    """Kill the worker that runs SLOW, which shows by its priority, once it does; its process id."""
    while True:
        for pid in set(engine.worker_pids()) - {but}:
            with contextlib.suppress(OSError):  # one that ends meanwhile
                if any(os.getpriority(os.PRIO_PROCESS, child) == 19 for child in children_of(pid)):
                    os.kill(pid, signal.SIGKILL)
                    return pid


def asked(engine: BubblewrapEngine, seconds: float) -> tuple[threading.Thread, list[ProgramRun]]:
    """A thread that runs SLOW, begun, and where its run will stand."""
    runs: list[ProgramRun] = []
    limits = ProgramLimits(seconds_per_call=60, seconds_total=60)
    thread = threading.Thread(target=lambda: runs.append(run(engine, SLOW, seconds, 0, limits=limits)))
    thread.start()
    return thread, runs


def test_a_job_whose_worker_is_killed_runs_again(bubblewrap: BubblewrapEngine) -> None:
    thread, runs = asked(bubblewrap, 2)
    kill_busy_worker(bubblewrap)
    thread.join()
    assert [result.value for result in runs[0].calls] == [2, 0]


def test_workers_killed_during_a_job_cost_only_that_job(bubblewrap: BubblewrapEngine) -> None:
    before = set(bubblewrap.worker_pids())
    thread, runs = asked(bubblewrap, 59)
    first = kill_busy_worker(bubblewrap)
    second = kill_busy_worker(bubblewrap, but=first)
    thread.join()
    assert [result.status for result in runs[0].calls] == [CallStatus.CRASHED, CallStatus.CRASHED]
    assert before - {first, second} <= set(bubblewrap.worker_pids())
    assert_healthy(bubblewrap)


def test_several_threads_share_the_workers(bubblewrap: BubblewrapEngine) -> None:
    source = "def transform(n):\n    return n * n"
    values: dict[int, object] = {}

    def ask(number: int) -> None:
        values[number] = run(bubblewrap, source, number).calls[0].value

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert values == {number: number * number for number in range(8)}


def test_a_forked_child_uses_workers_of_its_own(bubblewrap: BubblewrapEngine) -> None:
    assert_healthy(bubblewrap)
    child = os.fork()
    if child == 0:
        try:
            assert_healthy(bubblewrap)
            bubblewrap.close()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert_healthy(bubblewrap)


def test_workers_end_with_the_application(bubblewrap: BubblewrapEngine) -> None:
    """kill -9 of the application leaves no worker behind."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            engine = BubblewrapEngine(None, workers=1)
            run(engine, "def transform(grid): return grid")
            os.write(writing, str(engine.worker_pids()[0]).encode())
            run(engine, "while True: pass", limits=ProgramLimits(seconds_per_call=600, seconds_total=600))
        finally:  # whatever happens, the child is not to go on as a second run of the tests
            os._exit(1)
    os.close(writing)
    worker = int(os.read(reading, 32))
    while not children_of(worker):
        pass
    descendants = {worker, *children_of(worker)}
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while any(still_runs(pid) for pid in descendants):
        pass
    os.close(reading)


def children_of(pid: int) -> list[int]:
    return [int(name) for name in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def still_runs(pid: int) -> bool:
    """Whether the process exists and is no zombie waiting for a parent elsewhere."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False
