"""Programs in a child process with limits, where there is no sandbox: what a package made of a release brings along.

The limits hold time, memory, processes, open files and what is written. They are no sandbox: the program sees the files
and the network of whoever runs it.
"""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from trajectories.adapters.sandbox.conversation import Conversation
from trajectories.adapters.sandbox.inside import program
from trajectories.adapters.sandbox.pipes import ProgramPipes
from trajectories.adapters.sandbox.process import Cleared, WorkerProcess
from trajectories.core.programs.engines import ProgramJob, ProgramRun, limit_facts

ENDED_SECONDS = 0.5
"""How long a process that has closed its pipe is given to end by itself."""

BOOT = """
import fcntl, resource, runpy, sys
calls, results = (fcntl.fcntl(int(number), fcntl.F_DUPFD, 64) for number in sys.argv[2:4])
try:
    with open("/proc/self/statm", encoding="ascii") as statm:
        base = int(statm.read().split()[0]) * resource.getpagesize()
except OSError:
    base = 256 * 1024 * 1024
runpy.run_path(sys.argv[1])["child_main"](calls, results, base_bytes=base)
"""
"""What the child begins with: it waits for the program at descriptors out of the way of those it will use."""


class PlainChild:
    """A child process that waits for one program, and the next one once that has ended: a worker for a Conversation."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.program = ProgramPipes()
        calls, results = self.program.far_ends
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", BOOT, str(Path(program.__file__)), str(calls), str(results)],
            pass_fds=[calls, results],
            cwd="/",
            # The same program has to give the same outputs in every process, and sets are ordered by hashes.
            env={"PATH": os.environ.get("PATH", ""), "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.program.close_far_ends()

    def next_child(self, *, ended: bool = False) -> Cleared:
        """End the child and begin another one; the exit code, where it ended by itself."""
        code = self._code() if ended else None
        self.close()
        self._begin()
        return Cleared(code, clean=True)

    def close(self) -> None:
        """End the child."""
        self._process.kill()
        self._process.wait()
        self.program.close()

    def _code(self) -> int | None:
        try:
            return self._process.wait(ENDED_SECONDS)
        except subprocess.TimeoutExpired:
            return None


@dataclass(frozen=True, slots=True)
class LimitedEngine:
    """Runs each job in a child process of its own; a ProgramEngine. Safe to use from several threads."""

    @property
    def name(self) -> str:
        """Engine and version: 'limited process / CPython 3.11.2'."""
        return f"limited process / CPython {'.'.join(map(str, sys.version_info[:3]))}"

    def run(self, job: ProgramJob) -> ProgramRun:
        """Run one job within its limits."""
        child = PlainChild()
        started = time.monotonic()
        try:
            # A conversation asks nothing of its worker but the pipes and the next child.
            calls = tuple(Conversation(cast("WorkerProcess", child), job).results())
        finally:
            child.close()
        facts = {**limit_facts(job.limits), "wall_seconds": round(time.monotonic() - started, 3)}
        return ProgramRun(calls=calls, engine=self.name, facts=facts)

    def close(self) -> None:
        """Nothing is held between two jobs."""
