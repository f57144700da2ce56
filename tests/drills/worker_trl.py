"""Included by workers of drills: campaigns that tune a tiny language model with trl."""

from tests.campaigns import SKILLED, SkilledSampler
from tests.drills.tuned_coach import TunedCoach
from trajectories.adapters.training import TRAINERS
from trajectories.core.samplers import SAMPLERS

SAMPLERS[SKILLED] = SkilledSampler
TRAINERS[TunedCoach.key] = TunedCoach()
