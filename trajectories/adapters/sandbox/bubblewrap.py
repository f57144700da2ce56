"""The full engine: CPython with numpy and scipy in warm workers inside bubblewrap."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from trajectories.adapters.sandbox.environment import SandboxPython, describe_python
from trajectories.adapters.sandbox.process import WorkerEndedError, WorkerLostError, WorkerProcess, bubblewrap_version
from trajectories.adapters.sandbox.values import ValueRefusedError, read_value
from trajectories.core.programs import (
    CallResult,
    CallStatus,
    ProgramJob,
    ProgramRun,
    clean_text,
    limit_facts,
)
from trajectories.core.records import JSON

GRACE_SECONDS = 10.0
FRAME_SLACK = 128 * 1024

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
                # It died before the job reached it, while it was idle: once more, with a new one.
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

        Raises WorkerEndedError where the worker was dead before it took the job.
        """
        request = {
            "source": job.source,
            "function": job.function,
            "calls": [list(arguments) for arguments in job.calls],
            **asdict(job.limits),
        }
        frame_bytes = 2 * job.limits.output_bytes + FRAME_SLACK
        seconds = job.limits.seconds_total + GRACE_SECONDS
        calls: list[CallResult] = []
        accepted = clean = False
        try:
            answers = worker.ask(request, len(job.calls) + 2, frame_bytes, seconds)
            accepted = next(answers) == {"accepted": True}
            for _ in job.calls:
                calls.append(read_result(next(answers), job.limits.output_bytes))
            clean = next(answers) == {"clean": True}
        except WorkerLostError as fault:
            if not accepted and isinstance(fault, WorkerEndedError):
                raise
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


def read_result(answer: JSON, output_bytes: int) -> CallResult:
    """One call's result, from what the sandbox sent: the program may have written it itself."""
    if not isinstance(answer, dict):
        raise WorkerLostError("the result of a call is no object")
    fields = {name: answer.get(name, default) for name, default in (("message", ""), ("printed", ""), ("seconds", 0.0))}
    try:
        status = CallStatus(str(answer.get("status")))
    except ValueError as fault:
        raise WorkerLostError("the result of a call has no status") from fault
    if not isinstance(fields["message"], str) or not isinstance(fields["printed"], str):
        raise WorkerLostError("the result of a call has texts that are none")
    seconds = fields["seconds"]
    result = CallResult(
        status,
        message=clean_text(fields["message"], 600),
        seconds=float(seconds) if type(seconds) in (int, float) and 0 <= seconds < 1e6 else 0.0,
        printed=clean_text(fields["printed"]),
    )
    return (
        result if result.status is not CallStatus.RETURNED else _with_value(result, answer.get("value"), output_bytes)
    )


def _with_value(result: CallResult, text: JSON, output_bytes: int) -> CallResult:
    message, status, value = result.message, result.status, None
    if not isinstance(text, str):
        status, message = CallStatus.NOT_JSON, "the value is no JSON"
    elif len(text) > output_bytes:
        status, message = CallStatus.OUTPUT, f"returned more than {output_bytes} bytes"
    else:
        try:
            value = read_value(text)
        except ValueRefusedError as fault:
            status, message = CallStatus.NOT_JSON, clean_text(str(fault), 600)
    return CallResult(status, value=value, message=message, seconds=result.seconds, printed=result.printed)
