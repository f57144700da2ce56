"""Samplers by kind: how one sample is produced, see base.Sampler."""

from collections.abc import Callable

from trajectories.core.samplers.base import Sampler

SAMPLERS: dict[str, Callable[[], Sampler]] = {}
