"""What a model is asked in one call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trajectories.core.records import JSON


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked once: messages, and the tools that may be called. An answer ends before any of the texts `stop`."""

    messages: Sequence[Mapping[str, JSON]]
    temperature: float
    seed: int
    tools: Sequence[Mapping[str, JSON]] = ()
    stop: Sequence[str] = ()
