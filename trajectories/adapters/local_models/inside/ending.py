"""How a child runs and how it ends: what both programs of this folder do around their own work."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch

from trajectories.adapters.local_models.inside.lines import (
    FAULT,
    ChildFaultError,
    Line,
    follow_owner,
    offer_to_the_reaper,
)
from trajectories.adapters.local_models.inside.opening import brief

MEMORY = ("out of memory", "DefaultCPUAllocator", "can't allocate memory")
"""What libraries write where memory ran out, as they raise no one class for it."""


class Words(NamedTuple):
    """How a program speaks of itself: its noun, the kind of its own faults, and what to do where memory runs out."""

    noun: str
    kind: str
    less_memory: str


def forbid_outside(plan: Mapping[str, Any], outside: list[str], words: Words) -> None:
    """Raise ChildFaultError where the plan says that there is no network, and there are interfaces to one."""
    if plan["enclosed"] and outside:
        raise ChildFaultError(
            "network", f"The {words.noun} sees the network ({', '.join(outside)}), though it was to see none."
        )


def run_child(
    line: Line,
    main: Callable[[Path], None],
    words: Words,
    known: Callable[[BaseException], tuple[str, str] | None] = lambda _: None,
) -> None:
    """Run `main` with the path of the plan that the command line names, and tell the owner what ended it.

    `known` gives (kind, sentence) for faults that only this program has. A fault of none of the known kinds is raised
    again, so that the log has its traceback; after the others the program ends with status 1.
    """
    follow_owner(line, os.getppid())
    offer_to_the_reaper()
    try:
        main(Path(sys.argv[1]))
    except BaseException as fault:
        kind, message = known(fault) or _fault_of(fault, words)
        line.tell(FAULT, fault=kind, message=message)
        if kind == words.kind:
            raise
        sys.exit(1)


def _fault_of(fault: BaseException, words: Words) -> tuple[str, str]:
    """The kind of the fault that ended a program, and one sentence about it."""
    if isinstance(fault, ChildFaultError):
        return fault.kind, str(fault)
    text = brief(fault)
    if isinstance(fault, MemoryError | torch.OutOfMemoryError) or any(word in text for word in MEMORY):
        return "memory", f"The memory does not suffice; {words.less_memory}."
    return words.kind, f"The {words.noun} broke: {type(fault).__name__}: {text}"
