"""The portable engine: pydantic-monty, a Python interpreter in Rust with no file system, network or processes.

Monty runs a subset of Python. What it lacks is UNSUPPORTED and says nothing about the program; the rules that tell a
gap of the engine from a fault of the program lean towards UNSUPPORTED. Some of it differs without a word: iterators can
be walked twice, generators run to their end, sets keep the order in which they were filled. So a run is not faithful: a
right value counts, a wrong one or an exception is nothing that a program could be failed for.

Every job has a fresh interpreter, in a process that may have served other jobs before. Programs have nothing to look
at memory with; what keeps them apart there is the interpreter itself.
"""

import builtins
import os
import re
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import pydantic_monty

from trajectories.adapters.sandbox.values import ValueRefusedError, read_value
from trajectories.core.programs.engines import (
    CallResult,
    CallStatus,
    ProgramJob,
    ProgramLimits,
    ProgramRun,
    clean_text,
    limit_facts,
)
from trajectories.core.records import JSON

_ARGUMENTS = "_call_arguments"
# Encoding inside the sandbox keeps shared references from unfolding in this process: [x, x] doubled 60 times is small
# in there and endless out here.
# The slice bounds what crosses over; len() could be the program's own.
_CALL = f"import json as _call_json\n_call_json.dumps({{function}}(*{_ARGUMENTS}))[:{{limit}} + 1]"
_NO_ATTRIBUTE = re.compile(r"^'(\w+)' object has no attribute '(\w+)'")
_NO_NAME = re.compile(r"^name '(\w+)' is not defined")
_OWN_GAPS = re.compile(
    r"monty|not (yet )?(supported|implemented)|no __dict__ for setting|^module '.*' has no attribute"
    # Generators, map, zip and reversed are lists in monty.
    r"|^'list' object is not an iterator|too deeply nested",
    re.IGNORECASE,
)
_NOT_JSON = re.compile(r"^Object of type .* is not JSON serializable|^Circular reference detected|^keys must be str")


_started_in: list[int] = []
"""Id of the process that first started a pool. Monty does not survive a fork: used in a child, it segfaults."""


class MontyEngine:
    """Runs programs in `workers` monty subprocesses, started by the first run.

    Safe to use from several threads. A process that forks must do so before its first run (as Celery's and gunicorn's
    masters do, which run nothing); in a child of a process that has run programs, `run` raises RuntimeError.
    """

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers
        self._pool: pydantic_monty.Monty | None = None
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """Engine and version."""
        return f"monty {pydantic_monty.__version__}"

    def run(self, job: ProgramJob) -> ProgramRun:
        """Run one job within its limits."""
        with _JobRun(self._open_pool(), job) as running:
            calls = tuple(running.call(arguments) for arguments in job.calls)
        facts = {**limit_facts(job.limits), "faithful": False}
        return ProgramRun(calls=calls, engine=self.name, facts=facts, faithful=False)

    def close(self) -> None:
        """End the subprocesses this process started."""
        with self._lock:
            if self._pool is not None and os.getpid() in _started_in:
                self._pool.__exit__(None, None, None)
                self._pool = None

    def _open_pool(self) -> pydantic_monty.Monty:
        with self._lock:
            if not _started_in:
                _started_in.append(os.getpid())
            if os.getpid() not in _started_in:
                raise RuntimeError("the monty engine was used before this process was forked; first use it afterwards")
            if self._pool is None:
                self._pool = pydantic_monty.Monty(max_processes=self._workers).__enter__()
            return self._pool


@dataclass(slots=True)
class _Printed:
    """Collects what a call prints and kills the worker once it prints more than the limit."""

    limit: int
    worker_pid: int | None
    parts: list[str] = field(default_factory=list)
    size: int = 0

    def __call__(self, _stream: str, text: str) -> None:
        self.size += len(text.encode("utf-8", "replace"))
        if self.size <= self.limit:
            self.parts.append(text)
        elif self.worker_pid is not None:
            # An exception raised here would only take effect when the call ends by itself or by its time limit.
            os.kill(self.worker_pid, signal.SIGKILL)
            self.worker_pid = None

    @property
    def flooded(self) -> bool:
        return self.size > self.limit

    @property
    def text(self) -> str:
        return clean_text("".join(self.parts))


class _JobRun:
    """One job's session, opened anew whenever a call leaves it unusable or too little time is left for a full call."""

    def __init__(self, pool: pydantic_monty.Monty, job: ProgramJob) -> None:
        self._pool = pool
        self._job = job
        self._session: pydantic_monty.MontySession | None = None
        self._session_seconds = 0.0
        self._spent = 0.0
        self._load_fault: CallResult | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._drop_session()

    def call(self, arguments: Sequence[JSON]) -> CallResult:
        """Make one call; what it took counts towards the job's total."""
        started = time.monotonic()
        session = self._ready_session()
        if isinstance(session, CallResult):
            return session
        code = _CALL.format(function=self._job.function, limit=self._job.limits.output_bytes)
        result = self._feed(session, code, {_ARGUMENTS: list(arguments)})
        self._spent += time.monotonic() - started
        return result

    def _ready_session(self) -> pydantic_monty.MontySession | CallResult:
        """A session with the program loaded, or the result every remaining call shares."""
        if self._load_fault is not None:
            return self._load_fault
        limits = self._job.limits
        left = limits.seconds_total - self._spent
        if left <= 0:
            return CallResult(
                CallStatus.TIMEOUT, message=f"all {limits.seconds_total:g} s for the program were used up"
            )
        if self._session is not None and self._session_seconds <= left:
            return self._session
        self._drop_session()
        session = self._open_session(limits, min(limits.seconds_per_call, left))
        loaded = self._feed(session, self._job.source, {})
        if loaded.status not in (CallStatus.RETURNED, CallStatus.NOT_JSON):
            self._load_fault = loaded
            return loaded
        return session

    def _open_session(self, limits: ProgramLimits, seconds: float) -> pydantic_monty.MontySession:
        session = self._pool.checkout(
            limits={"max_feed_duration_secs": seconds, "max_memory": limits.memory_bytes},
            os_policy={"sleep": "zero", "random_start": {"seed": 0}},
        )
        self._session = session.__enter__()
        self._session_seconds = seconds
        return self._session

    def _drop_session(self) -> None:
        if self._session is not None:
            self._session.__exit__(None, None, None)
            self._session = None

    def _feed(self, session: pydantic_monty.MontySession, code: str, inputs: dict[str, JSON]) -> CallResult:
        """Run one snippet. Loading the program (no inputs) ends RETURNED with no value."""
        printed = _Printed(self._job.limits.output_bytes, session.worker_pid)
        started = time.monotonic()
        try:
            # The last line keeps the value of the program's own last expression in the sandbox.
            output = session.feed_run(code if inputs else f"{code}\nNone", inputs=inputs, print_callback=printed)
            result = self._returned(output) if inputs else CallResult(CallStatus.RETURNED)
        except (pydantic_monty.MontyError, UnicodeError) as fault:
            status, message = (CallStatus.OUTPUT, "") if printed.flooded else _read_fault(fault)
            result = CallResult(status, message=message)
        if printed.flooded:
            result = CallResult(CallStatus.OUTPUT, message=f"printed more than {self._job.limits.output_bytes} bytes")
        if result.status in (CallStatus.TIMEOUT, CallStatus.MEMORY, CallStatus.OUTPUT, CallStatus.CRASHED):
            self._drop_session()
        return CallResult(
            result.status,
            value=result.value,
            message=result.message,
            seconds=time.monotonic() - started,
            printed=printed.text,
        )

    def _returned(self, output: object) -> CallResult:
        limit = self._job.limits.output_bytes
        if not isinstance(output, str):
            return CallResult(CallStatus.NOT_JSON, message="the value is no JSON")
        if len(output) > limit:
            return CallResult(CallStatus.OUTPUT, message=f"returned more than {limit} bytes")
        try:
            return CallResult(CallStatus.RETURNED, value=read_value(output))
        except ValueRefusedError as fault:
            return CallResult(CallStatus.NOT_JSON, message=clean_text(str(fault)))


def _read_fault(fault: Exception) -> tuple[CallStatus, str]:
    """How a snippet that did not end well ended, and a message for people."""
    text = clean_text(str(fault), 500)
    match fault:
        case pydantic_monty.MontyCrashedError():
            return (CallStatus.TIMEOUT if fault.timed_out else CallStatus.CRASHED), text
        case pydantic_monty.MontyConversionError() | UnicodeError():
            return CallStatus.UNSUPPORTED, text
        case pydantic_monty.MontySyntaxError() if not _OWN_GAPS.search(text):
            return CallStatus.RAISED, f"SyntaxError: {text}"
        case pydantic_monty.MontyError():
            return _read_exception(fault.exception()), text
    return CallStatus.CRASHED, text


def _read_exception(exception: BaseException) -> CallStatus:
    """Tell limits and gaps of the engine from exceptions of the program."""
    text = str(exception)
    if isinstance(exception, TimeoutError) and "time limit exceeded" in text:
        return CallStatus.TIMEOUT
    if isinstance(exception, MemoryError):
        return CallStatus.MEMORY
    if isinstance(exception, ImportError | PermissionError) or _is_gap(exception, text):
        return CallStatus.UNSUPPORTED
    if isinstance(exception, TypeError | ValueError) and _NOT_JSON.search(text):
        return CallStatus.NOT_JSON
    return CallStatus.RAISED


def _is_gap(exception: BaseException, text: str) -> bool:
    """Whether CPython would have had what monty missed."""
    if isinstance(exception, NameError) and (name := _NO_NAME.match(text)):
        return hasattr(builtins, name[1])
    if isinstance(exception, AttributeError) and (attribute := _NO_ATTRIBUTE.match(text)):
        owner = getattr(builtins, attribute[1], None)
        if owner is not None and hasattr(owner, attribute[2]):
            return True
    gap_types = (NotImplementedError, AttributeError, TypeError, RuntimeError, SyntaxError)
    return isinstance(exception, gap_types) and _OWN_GAPS.search(text) is not None
