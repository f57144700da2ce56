"""Counting programs that the sandbox could not bring to an end of their own, by why."""

from collections import Counter
from collections.abc import Mapping
from threading import Lock

from trajectories.core.programs.engines import CallStatus, ProgramRun
from trajectories.models import Tally
from trajectories.services.tallies import count_up

KINDS: Mapping[CallStatus, str] = {
    CallStatus.CRASHED: "died",
    CallStatus.TIMEOUT: "time",
    CallStatus.MEMORY: "memory",
}
"""What a failure is called, by how a call ended."""

_noted: Counter[str] = Counter()
_lock = Lock()


def note_run(run: ProgramRun) -> None:
    """Note how a run failed, if it did: once for each kind, however many of its calls ended so."""
    kinds = {KINDS[call.status] for call in run.calls if call.status in KINDS}
    with _lock:
        _noted.update(kinds)


def count_noted() -> None:
    """Count what this process has noted, in the transaction that stores what came of it. What is noted of a batch that
    is not stored is lost with it."""
    with _lock:
        noted = dict(_noted)
        _noted.clear()
    count_up(name=Tally.SANDBOX_FAILURES, counts=noted)
