"""Symbolic program search for ARC tasks in three views: grid, object and pixel."""

from trajectories.core.samplers.symbolic.sampler import SymbolicSampler

__all__ = ["SymbolicSampler"]
