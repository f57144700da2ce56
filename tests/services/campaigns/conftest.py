import pytest

from tests.campaigns import CoachingTrainer
from trajectories.adapters.training import TRAINERS


@pytest.fixture(autouse=True)
def coach(monkeypatch, settings, tmp_path):
    """The trainer of tests.campaigns, known here; files of trainings go to a folder of the test."""
    settings.TRAINING_DIR, settings.ARTEFACT_DIR = tmp_path / "training", tmp_path / "artefacts"
    trainer = CoachingTrainer()
    monkeypatch.setitem(TRAINERS, trainer.key, trainer)
    return trainer
