"""Included by worker processes of tests: makes the samplers of tests.samplers known there."""

from tests.samplers import MirrorSampler
from trajectories.core.samplers import SAMPLERS

SAMPLERS["mirror"] = MirrorSampler
