"""The full engine: CPython with numpy and scipy in warm workers inside bubblewrap."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from trajectories.adapters.sandbox.conversation import Conversation
from trajectories.adapters.sandbox.environment import SandboxPython, describe_python
from trajectories.adapters.sandbox.process import WorkerEndedError, WorkerLostError, WorkerProcess, bubblewrap_version
from trajectories.core.programs.engines import CallResult, CallStatus, ProgramJob, ProgramRun, limit_facts

PRELOADS = {"scipy": "numpy.random scipy.ndimage", "numpy": "numpy.random", "": ""}
"""What a worker has imported, by the first of these words that the program's source contains.

It changes nothing but the time taken: a fork costs about three times as much with numpy and scipy in memory.
"""


class BubblewrapEngine:
    """Runs at most `workers` jobs at a time, each in a warm worker; workers are started as they are needed.

    Safe to use from several threads and after a fork: the child starts its own workers.
    """

    def __init__(self, environment: Path | None = None, workers: int | None = None) -> None:
        """`environment` is a virtual environment (see environment.py), or None for an interpreter without packages.

        Raises SandboxUnavailableError where bwrap is missing or too old.
        """
        self._version = bubblewrap_version()
        self._python: SandboxPython = describe_python(environment)
        self._limit = workers or os.cpu_count() or 1
        self._start()
        os.register_at_fork(after_in_child=self._after_fork)

    def _start(self) -> None:
        self._idle: dict[str, list[WorkerProcess]] = {}
        self._all: set[WorkerProcess] = set()
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(self._limit)
        # Workers die with the *thread* that started them (PR_SET_PDEATHSIG): this one lives as long as the engine.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="sandbox-starter")

    def _after_fork(self) -> None:
        for worker in self._all:
            worker.forget()
        self._start()

    @property
    def name(self) -> str:
        """Engine and versions: 'bubblewrap 0.8.0 / CPython 3.11.2 / numpy 2.4.6 / scipy 1.17.1'."""
        versions = (f"{name} {version}" for name, version in self._python.versions.items())
        return " / ".join([f"bubblewrap {self._version}", *versions])

    def run(self, job: ProgramJob) -> ProgramRun:
        """Run one job within its limits."""
        packages = next(packages for word, packages in PRELOADS.items() if word in job.source)
        with self._places:
            try:
                calls = self._ask(self._take(packages), job)
            except WorkerEndedError:
                # Something outside has ended it, idle or not: no program reaches process 1. Once more, with a new one.
                try:
                    calls = self._ask(self._start_worker(packages), job)
                except WorkerEndedError as fault:
                    calls = [CallResult(CallStatus.CRASHED, message=str(fault))] * len(job.calls)
        return ProgramRun(calls=tuple(calls), engine=self.name, facts=limit_facts(job.limits))

    def worker_pids(self) -> list[int]:
        """Process ids of the running workers, outside the sandbox."""
        with self._lock:
            return [worker.pid for worker in self._all if worker.alive]

    def close(self) -> None:
        """End all workers that this process started."""
        with self._lock:
            workers, self._idle, self._all = list(self._all), {}, set()
        for worker in workers:
            worker.kill()
        self._starter.shutdown()

    def _ask(self, worker: WorkerProcess, job: ProgramJob) -> list[CallResult]:
        """One result per call. The worker is put back, or discarded where it misbehaved or the program left traces.

        Raises WorkerEndedError where something has ended the worker.
        """
        held = Conversation(worker, job)
        calls: list[CallResult] = []
        clean = False
        try:
            calls.extend(held.results())
            clean = held.clean
        except WorkerEndedError:
            raise
        except WorkerLostError as fault:
            calls += [CallResult(CallStatus.CRASHED, message=str(fault))] * (len(job.calls) - len(calls))
        finally:
            (self._put_back if clean else self._discard)(worker)
        return calls

    def _take(self, packages: str) -> WorkerProcess:
        with self._lock:
            idle = self._idle.setdefault(packages, [])
            while idle:
                worker = idle.pop()
                if worker.alive:
                    return worker
                self._all.discard(worker)
                worker.kill()
        return self._start_worker(packages)

    def _start_worker(self, packages: str) -> WorkerProcess:
        worker = self._starter.submit(WorkerProcess, self._python, packages).result()
        with self._lock:
            self._all.add(worker)
        return worker

    def _put_back(self, worker: WorkerProcess) -> None:
        with self._lock:
            if worker in self._all:
                self._idle[worker.packages].append(worker)

    def _discard(self, worker: WorkerProcess) -> None:
        with self._lock:
            self._all.discard(worker)
        worker.kill()
