"""Running untrusted programs: the Protocol that sandbox engines implement (see adapters/sandbox)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Protocol

from trajectories.core.records import JSON
from trajectories.core.text.storable import storable_text


class CallStatus(StrEnum):
    """How one call ended. Everything but RETURNED carries a message."""

    RETURNED = "returned"
    RAISED = "raised"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    OUTPUT = "output"  # printed or returned more than the limit
    NOT_JSON = "not_json"  # returned something that JSON has no form for
    UNSUPPORTED = "unsupported"  # the engine lacks the syntax or the import: says nothing about the program
    CRASHED = "crashed"  # the worker died, was killed or broke the protocol


@dataclass(frozen=True, slots=True)
class ProgramLimits:
    """Limits for one program over all its calls together, except where a field says otherwise."""

    seconds_per_call: float = 5.0
    """Seconds that one call may take, by the clock."""
    seconds_total: float = 20.0
    """Seconds that all calls together may take, by the clock."""
    memory_bytes: int = 512 * 1024 * 1024
    """Bytes of memory."""
    output_bytes: int = 64 * 1024
    """Bytes of what a call returns or prints."""


@dataclass(frozen=True, slots=True)
class ProgramJob:
    """Call `function` of `source` once per element of `calls` (each a list of JSON arguments).

    Calls of one job do not see each other's changes to their arguments: each gets a fresh copy.
    """

    source: str
    calls: tuple[Sequence[JSON], ...]
    function: str = "transform"
    limits: ProgramLimits = ProgramLimits()


@dataclass(frozen=True, slots=True)
class CallResult:
    """One call's result: `value` is plain JSON and only meaningful when `status` is RETURNED."""

    status: CallStatus
    value: JSON = None
    message: str = ""
    seconds: float = 0.0
    """How long the call took, by the clock."""
    printed: str = ""


@dataclass(frozen=True, slots=True)
class ProgramRun:
    """Results in call order. A program that fails to load fails every call with the same status.

    `facts` are stored with the verdict. `faithful`: the engine is Python itself, so that a wrong value, an exception or
    a time-out is the program's own doing. Where it is False, what looks wrong may be the engine's doing.
    """

    calls: tuple[CallResult, ...]
    engine: str
    facts: Mapping[str, JSON] = field(default_factory=dict)
    faithful: bool = True


def limit_facts(limits: ProgramLimits) -> dict[str, JSON]:
    """The limits a run had, as stored with its verdict."""
    return {"limits": asdict(limits)}


def clean_text(text: str, limit: int = 2_000) -> str:
    """Text from a program, cut to `limit` characters and storable anywhere."""
    return storable_text(text[:limit])


class ProgramEngine(Protocol):
    """A sandbox. `run` never raises for anything the program does."""

    @property
    def name(self) -> str:
        """Engine and version, as stored with each verdict: 'monty 1.4.0'."""
        ...

    def run(self, job: ProgramJob) -> ProgramRun:
        """Run one job within its limits."""
        ...

    def close(self) -> None:
        """Free what the engine holds (worker processes)."""
        ...
