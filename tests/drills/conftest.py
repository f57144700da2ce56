"""Fixtures of drills."""

import pytest

from tests.campaigns import CoachingTrainer
from tests.drills.processes import Storm
from tests.worker import empty_queues
from trajectories.adapters.training import TRAINERS


@pytest.fixture
def storm_told():
    """Variables of the processes; a module has a fixture of its own for more."""
    return {}


@pytest.fixture
def storm(transactional_db, tmp_path, settings, monkeypatch, storm_told):
    empty_queues()
    settings.VAR_DIR = tmp_path / "var"
    settings.EXPORT_DIR, settings.ARTEFACT_DIR = settings.VAR_DIR / "exports", settings.VAR_DIR / "artefacts"
    settings.TRAINING_DIR = settings.VAR_DIR / "trainings"
    monkeypatch.setitem(TRAINERS, CoachingTrainer.key, CoachingTrainer())  # known to what plans, too
    storm = Storm(tmp_path, **storm_told)
    try:
        yield storm
    finally:
        storm.end()
        empty_queues()
