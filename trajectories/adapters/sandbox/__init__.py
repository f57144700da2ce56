"""Sandbox engines for untrusted programs, behind core's ProgramEngine."""

import threading

from trajectories.adapters.sandbox.monty import MontyEngine
from trajectories.core.programs import ProgramEngine

ENGINE_CHOICES = ("auto", "monty")

_shared: dict[str, ProgramEngine] = {}
_shared_lock = threading.Lock()


def open_engine(choice: str) -> ProgramEngine:
    """A new engine by name. Raises ValueError for a name that is not in ENGINE_CHOICES."""
    if choice not in ENGINE_CHOICES:
        raise ValueError(f"PROGRAM_ENGINE: found {choice!r}, expected one of {', '.join(ENGINE_CHOICES)}")
    return MontyEngine()


def shared_engine(choice: str) -> ProgramEngine:
    """This process's one engine for `choice` (the PROGRAM_ENGINE setting), opened on first use."""
    with _shared_lock:
        if choice not in _shared:
            _shared[choice] = open_engine(choice)
        return _shared[choice]
