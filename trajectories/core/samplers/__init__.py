"""Samplers by kind: how one sample is produced, see base.Sampler."""

from collections.abc import Callable

from trajectories.core.samplers.base import Sampler
from trajectories.core.samplers.symbolic import SymbolicSampler

SAMPLERS: dict[str, Callable[[], Sampler]] = {"symbolic": SymbolicSampler}
