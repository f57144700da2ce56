"""How a model of this machine is served: the parameters of a local sampler."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from trajectories.core.records import JSON

LOCAL = "local"
"""The kind of sampler that serves a model of this machine."""


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """`folder` is its name in the folder of models; "" where a training made it, which the sampler's artefact holds.

    `batch` answers are made together, each of at most `max_output_tokens` tokens and `seconds` seconds. With `top_p`
    below 1 only the likeliest tokens that make up so much are drawn. `origin` is what the first training of its line
    began from: {"folder"}, or {"sizes", "seed"} of a model made here; empty for a folder that people put there.
    """

    folder: str = ""
    batch: int = 8
    max_output_tokens: int = 1_024
    top_p: float = 1.0
    logprobs: bool = False
    seconds: float = 600.0
    memory_gib: float = 0.0
    precision: str = "auto"
    origin: Mapping[str, JSON] = field(default_factory=dict)

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Any]) -> "LocalSettings":
        """Read what `as_parameters` wrote. Raises ValueError naming a parameter that is unknown."""
        known = {item.name for item in fields(cls)}
        if unknown := sorted(set(parameters) - known):
            raise ValueError(f"The sampler has the unknown parameter {unknown[0]!r}; expected some of {sorted(known)}.")
        return cls(**parameters)

    def as_parameters(self) -> dict[str, JSON]:
        """The JSON form."""
        return {**{item.name: getattr(self, item.name) for item in fields(self)}, "origin": dict(self.origin)}

    def with_origin(self, origin: Mapping[str, JSON]) -> "LocalSettings":
        """The settings of a model that a training made."""
        return replace(self, folder="", origin=origin)
