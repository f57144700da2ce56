"""One job held with a worker: its program is sent, then one call after the other, each once the last is answered.

So a program's process never holds an input it has not been asked about yet, and never what is expected of it. All that
comes back is hostile.
"""

import functools
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from enum import Enum

from trajectories.adapters.sandbox.pipes import ProgramEndedError, ProgramLateError, ProgramLostError, frame_of
from trajectories.adapters.sandbox.process import GRACE_SECONDS, WorkerLostError, WorkerProcess
from trajectories.adapters.sandbox.values import ValueRefusedError, read_value
from trajectories.core.programs.engines import CallResult, CallStatus, ProgramJob, ProgramLimits, clean_text
from trajectories.core.records import JSON
from trajectories.core.verifiers.arc_common import once_per_object

FRAME_SLACK = 64 * 1024
ACCEPTED, LOADED, REFUSED, LAST = b"A", b"L", b"F", b"E"
"""First letters of frames, see inside/program.py; any other stands before the result of a call."""


class _Child(Enum):
    """How far the worker's child is."""

    WAITS = 1
    ACCEPTED = 2
    LOADED = 3


class Conversation:
    """A job with a worker whose child waits for a program. A call that takes its child down is followed by a new child.

    `clean`: the worker can take another job; right once `results` has ended.
    """

    def __init__(self, worker: WorkerProcess, job: ProgramJob) -> None:
        self.clean = True
        self._worker, self._job = worker, job
        self._frame_bytes = 2 * job.limits.output_bytes + FRAME_SLACK
        self._end = float("inf")
        """When the time of the whole program is over; it begins once a child has accepted the job."""
        self._child = _Child.WAITS
        self._shared: CallResult | None = None
        """What became of the program as a whole, and so of every call that is left."""

    def results(self) -> Iterator[CallResult]:
        """One result per call, in order. Raises WorkerLostError where the worker itself is of no use any more."""
        for frame in _frames_of(self._job.calls):
            yield self._shared or self._call(frame)
        if self._child is not _Child.WAITS:
            self._next_child()

    def _call(self, frame: bytes) -> CallResult:
        limits = self._job.limits
        if time.monotonic() >= self._end:
            message = f"all {limits.seconds_total:g} s for the program were used up"
            self._shared = CallResult(CallStatus.TIMEOUT, message=message)
            return self._shared
        try:
            if self._child is not _Child.LOADED:
                self._shared = self._begin()
            return self._shared or self._ask(frame)
        except ProgramLostError as lost:
            loaded = self._child is _Child.LOADED
            result = self._lost(lost)
            self._shared = None if loaded else result
            return result

    def _ask(self, frame: bytes) -> CallResult:
        """Send the frame with the arguments of one call; its result."""
        deadline = self._deadline()
        self._worker.program.send(frame, deadline)
        letter, result = self._read(deadline)
        if letter == LAST:
            self._next_child()
        return result

    def _begin(self) -> CallResult | None:
        """Have the waiting child take the job and load the program; what becomes of every call where it does not.

        Raises WorkerLostError.
        """
        try:
            self._accept()
        except ProgramEndedError:
            # It waited with nothing to do, so that the machine has ended it; if not the worker has ended altogether.
            self._next_child()
            self._accept()
        letter, result = self._read(self._deadline())
        if letter == LOADED:
            self._child = _Child.LOADED
            return None
        return result if letter == REFUSED else _crashed("the program wrote into the channel of its results")

    def _accept(self) -> None:
        """Send the job. Nothing of the program has run when it is accepted, and its time begins.

        Raises WorkerLostError.
        """
        request = {"source": self._job.source, "function": self._job.function, **_limits(self._job.limits)}
        deadline = time.monotonic() + GRACE_SECONDS
        try:
            self._worker.program.send(frame_of(request), deadline)
            if self._worker.program.read(self._frame_bytes, deadline) != ACCEPTED:
                raise WorkerLostError("the sandbox worker does not begin as it should")
        except ProgramLateError as fault:
            raise WorkerLostError("the sandbox worker did not begin in time") from fault
        self._child = _Child.ACCEPTED
        self._end = min(self._end, time.monotonic() + self._job.limits.seconds_total)

    def _read(self, deadline: float) -> tuple[bytes, CallResult]:
        """The next frame: its letter and the result it holds, none for LOADED."""
        payload = self._worker.program.read(self._frame_bytes, deadline)
        if payload[:1] == LOADED:
            return LOADED, CallResult(CallStatus.RETURNED)
        try:
            return payload[:1], read_result(read_value(payload[1:].decode()), self._job.limits.output_bytes)
        except (ValueRefusedError, UnicodeDecodeError) as fault:
            raise ProgramLostError(f"the result could not be read: {fault}") from fault

    def _deadline(self) -> float:
        return min(self._end, time.monotonic() + self._job.limits.seconds_per_call)

    def _lost(self, lost: ProgramLostError) -> CallResult:
        """Clear everything away; what became of the call."""
        limits = self._job.limits
        code = self._next_child(ended=isinstance(lost, ProgramEndedError))
        if isinstance(lost, ProgramLateError):
            limit = f"no result within {limits.seconds_per_call:g} s, or {limits.seconds_total:g} s in all"
            return CallResult(CallStatus.TIMEOUT, message=limit)
        if code is None:
            return _crashed(str(lost))
        if code == -signal.SIGXCPU:
            return CallResult(CallStatus.TIMEOUT, message="all CPU time was used up")
        return _crashed(f"the program's process ended {f'by signal {-code}' if code < 0 else f'with exit code {code}'}")

    def _next_child(self, *, ended: bool = False) -> int | None:
        """Clear everything away and have a fresh child waiting; the exit code, where it is asked for and known."""
        cleared = self._worker.next_child(ended=ended)
        self._child, self.clean = _Child.WAITS, cleared.clean
        return cleared.code


@once_per_object
def _frames_of(calls: Sequence[Sequence[JSON]]) -> list[bytes]:
    """The arguments of calls as they are sent; all programs of a problem get the same."""
    return [frame_of(list(arguments)) for arguments in calls]


@functools.lru_cache(maxsize=16)
def _limits(limits: ProgramLimits) -> dict[str, JSON]:
    """The limits as the child reads them; jobs share a few."""
    return asdict(limits)


def _crashed(message: str) -> CallResult:
    return CallResult(CallStatus.CRASHED, message=clean_text(message, 600))


def read_result(answer: JSON, output_bytes: int) -> CallResult:
    """One call's result, from what the sandbox sent: the program may have written it itself.

    Raises ValueRefusedError.
    """
    if not isinstance(answer, dict):
        raise ValueRefusedError("the result of a call is no object")
    try:
        status = CallStatus(str(answer.get("status")))
    except ValueError as fault:
        raise ValueRefusedError("the result of a call has no status") from fault
    message, printed, seconds = answer.get("message", ""), answer.get("printed", ""), answer.get("seconds", 0.0)
    if not isinstance(message, str) or not isinstance(printed, str):
        raise ValueRefusedError("the result of a call has texts that are none")
    value: JSON = None
    if status is CallStatus.RETURNED:
        status, value, message = _returned(answer.get("value"), output_bytes)
    return CallResult(
        status,
        value=value,
        message=clean_text(message, 600),
        seconds=float(seconds) if type(seconds) in (int, float) and 0 <= seconds < 1e6 else 0.0,
        printed=clean_text(printed),
    )


def _returned(text: JSON, output_bytes: int) -> tuple[CallStatus, JSON, str]:
    """Status, value and message of a call whose function returned the value with this JSON text."""
    if not isinstance(text, str):
        return CallStatus.NOT_JSON, None, "the value is no JSON"
    if len(text) > output_bytes:
        return CallStatus.OUTPUT, None, f"returned more than {output_bytes} bytes"
    try:
        return CallStatus.RETURNED, read_value(text), ""
    except ValueRefusedError as fault:
        return CallStatus.NOT_JSON, None, str(fault)
