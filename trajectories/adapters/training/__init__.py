"""Trainers by key: what makes a sampler of a release, see base.Trainer."""

from trajectories.adapters.training.base import Trainer
from trajectories.adapters.training.embedded import EmbeddedTrainer
from trajectories.adapters.training.package import PackageTrainer
from trajectories.adapters.training.trl import TrlTrainer

TRAINERS: dict[str, Trainer] = {trainer.key: trainer for trainer in (EmbeddedTrainer(), TrlTrainer(), PackageTrainer())}
"""The first is the default."""
