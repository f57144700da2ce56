import pytest


@pytest.fixture(autouse=True)
def _folders(settings, tmp_path):
    settings.ARTEFACT_DIR = tmp_path / "artefacts"
    settings.TRAINING_DIR = tmp_path / "trainings"
