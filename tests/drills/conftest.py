"""Fixtures of drills."""

import pytest

from tests.campaigns import CoachingTrainer
from tests.drills.processes import Database, Storm
from tests.worker import empty_queues
from trajectories.adapters.training import TRAINERS


@pytest.fixture
def storm_told():
    """Variables of the processes; a module has a fixture of its own for more."""
    return {}


@pytest.fixture
def own_database(transactional_db, new_folder):
    """A server of the test's own, which may be killed."""
    database = Database(new_folder())
    with database.in_use():
        yield database


@pytest.fixture
def storm_database(transactional_db):
    """The server of all tests; a module that kills the database has a fixture of its own for `own_database`."""
    return


@pytest.fixture
def storm(storm_database, tmp_path, settings, monkeypatch, storm_told):
    empty_queues()
    settings.VAR_DIR = tmp_path / "var"
    settings.EXPORT_DIR, settings.ARTEFACT_DIR = settings.VAR_DIR / "exports", settings.VAR_DIR / "artefacts"
    settings.TRAINING_DIR = settings.VAR_DIR / "trainings"
    monkeypatch.setitem(TRAINERS, CoachingTrainer.key, CoachingTrainer())  # known to what plans, too
    storm = Storm(tmp_path, storm_database, **storm_told)
    try:
        yield storm
    finally:
        storm.end()
        empty_queues()


@pytest.fixture
def steady(storm):
    """Processes whose samples and verdicts take their time."""
    storm.worker.include("tests.drills.worker_steady")
    return storm
