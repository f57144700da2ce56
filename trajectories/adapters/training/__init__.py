"""Trainers by key: what makes a sampler of a release, see base.Trainer."""

from trajectories.adapters.training.base import Trainer
from trajectories.adapters.training.embedded import EmbeddedTrainer

TRAINERS: dict[str, Trainer] = {trainer.key: trainer for trainer in (EmbeddedTrainer(),)}
"""The first is the default."""
