"""Fixtures of drills."""

import pytest

from tests.campaigns import CoachingTrainer
from tests.drills.processes import Database, Storm
from tests.worker import empty_queues
from trajectories.adapters.training import TRAINERS


@pytest.fixture
def own_database(transactional_db, new_folder):
    database = Database(new_folder())
    with database.in_use():
        yield database


@pytest.fixture
def storm(own_database, tmp_path, settings, monkeypatch):
    empty_queues()
    settings.VAR_DIR = tmp_path / "var"
    settings.EXPORT_DIR, settings.ARTEFACT_DIR = settings.VAR_DIR / "exports", settings.VAR_DIR / "artefacts"
    settings.TRAINING_DIR = settings.VAR_DIR / "trainings"
    monkeypatch.setitem(TRAINERS, CoachingTrainer.key, CoachingTrainer())  # known to what plans, too
    storm = Storm(tmp_path, own_database)
    try:
        yield storm
    finally:
        storm.end()
        empty_queues()
