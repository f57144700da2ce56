"""Included by workers of drills: work that takes its time, so that it is killed in the middle, and what tests know."""

from tests import worker_slow
from tests.campaigns import SKILLED, CoachingTrainer, SkilledSampler
from tests.samplers import MirrorSampler
from trajectories.adapters.training import TRAINERS
from trajectories.core.samplers import SAMPLERS
from trajectories.services.curation import segmentations
from trajectories.services.scorers import scoring

SAMPLERS.update({"mirror": MirrorSampler, SKILLED: SkilledSampler})
CoachingTrainer.train = worker_slow.slowed(CoachingTrainer.train)  # type: ignore[method-assign]
TRAINERS[CoachingTrainer.key] = CoachingTrainer()
scoring.TRACES_AT_ONCE = 4
scoring._write = worker_slow.slowed(scoring._write)
segmentations.CHUNK = 4
segmentations._segment_chunk = worker_slow.slowed(segmentations._segment_chunk)
