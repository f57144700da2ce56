"""Sandbox engines for untrusted programs, behind core's ProgramEngine."""

import threading
from pathlib import Path

from trajectories.adapters.sandbox.bubblewrap import BubblewrapEngine
from trajectories.adapters.sandbox.monty import MontyEngine
from trajectories.adapters.sandbox.process import SandboxUnavailableError
from trajectories.adapters.sandbox.self_check import first_fault, self_check
from trajectories.core.programs.engines import ProgramEngine

ENGINE_CHOICES = ("auto", "bubblewrap", "monty")

__all__ = [
    "ENGINE_CHOICES",
    "BubblewrapEngine",
    "MontyEngine",
    "SandboxUnavailableError",
    "installed_environment",
    "open_engine",
    "self_check",
    "shared_engine",
]

_shared: dict[tuple[str, Path | None], ProgramEngine] = {}
_shared_lock = threading.Lock()


def open_engine(choice: str, environment: Path | None = None) -> ProgramEngine:
    """A new engine: "bubblewrap", "monty", or "auto" for bubblewrap where it isolates on this machine, else monty.

    `environment` is the sandbox's virtual environment (numpy, scipy); where it is missing, bubblewrap's programs have
    the standard library only. Raises ValueError for any other choice, SandboxUnavailableError where bubblewrap was
    asked for and does not isolate.
    """
    if choice not in ENGINE_CHOICES:
        raise ValueError(f"PROGRAM_ENGINE: found {choice!r}, expected one of {', '.join(ENGINE_CHOICES)}")
    if choice == "monty":
        return MontyEngine()
    try:
        return _open_bubblewrap(environment)
    except SandboxUnavailableError:
        if choice == "bubblewrap":
            raise
        return MontyEngine()


def _open_bubblewrap(environment: Path | None) -> BubblewrapEngine:
    engine = BubblewrapEngine(installed_environment(environment))
    try:
        fault = first_fault(self_check(engine))
    except BaseException:
        engine.close()
        raise
    if fault:
        engine.close()
        raise SandboxUnavailableError(f"bubblewrap does not isolate here: {fault}")
    return engine


def installed_environment(environment: Path | None) -> Path | None:
    """The environment where it is installed, else None."""
    return environment if environment is not None and (environment / "bin" / "python").exists() else None


def shared_engine(choice: str, environment: Path | None = None) -> ProgramEngine:
    """This process's one engine for these settings, opened on first use."""
    key = (choice, environment)
    with _shared_lock:
        if key not in _shared:
            _shared[key] = open_engine(choice, environment)
        return _shared[key]
