"""Which trainers there are with workers that are alive, whatever the process that asks has."""

import pytest

from tests import factories
from tests.trainings import ToldTrainer, make_release, make_training, write_outcome
from trajectories.adapters.training import TRAINERS
from trajectories.models import Training
from trajectories.selectors.workers import is_served, living_trainers
from trajectories.services.endpoints.local_models import serving_note
from trajectories.services.training.abilities import abilities_of, ability_words, standing_of
from trajectories.services.training.work import lost_trainings, train_next

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_here(settings, tmp_path):
    """This process has no environment for models, as a web server in a container of its own has none."""
    settings.TRAINING_PYTHON = tmp_path / "nothing"


@pytest.fixture
def environment(settings, tmp_path):
    """An environment for models, as far as one is looked for."""
    settings.TRAINING_PYTHON = tmp_path / "training-python"
    for file in ("bin/python", "lib/python3.13/site-packages/trl/__init__.py"):
        path = settings.TRAINING_PYTHON / file
        path.parent.mkdir(parents=True)
        path.touch()


def test_a_worker_can_do_what_its_queues_and_its_machine_allow(environment):
    assert abilities_of(["training"]).trainers == ("embedded", "trl", "package")
    assert not abilities_of(["training"]).serves_models
    both = abilities_of(["training", "models"])
    assert both.as_columns() == {"trainers": "embedded trl package", "serves_models": True}
    assert abilities_of(["sweeps", "interactive", "files"]).as_columns() == {"trainers": "", "serves_models": False}


def test_without_the_environment_it_trains_what_needs_none_and_serves_no_model():
    found = abilities_of(["training", "models"])
    assert found.as_columns() == {"trainers": "embedded package", "serves_models": False}


def test_a_trainer_that_only_a_worker_has_is_there_until_the_worker_is_silent():
    trainer = TRAINERS["trl"]
    assert standing_of(trainer).lacks.startswith("This machine has no environment to train and serve models in")
    assert standing_of(trainer).lacks.endswith(". No worker that is alive can do it either.")
    factories.make_worker(trainers="embedded package")
    factories.make_worker(trainers="embedded trl package", silent=True)
    assert standing_of(trainer).lacks
    worker = factories.make_worker(trainers="embedded trl package")
    assert living_trainers() == {"embedded", "trl", "package"}
    assert standing_of(trainer).note == ""
    worker.delete()
    assert standing_of(trainer).lacks


def test_a_trainer_that_only_this_process_has_can_be_planned_with_and_waits(environment):
    factories.make_worker(trainers="embedded package")
    standing = standing_of(TRAINERS["trl"])
    assert standing.lacks == ""
    assert standing.note == (
        "No worker that is alive can do “Fine-tuning with trl”: its trainings wait until one that can has started."
    )
    assert standing_of(TRAINERS["embedded"]).note == ""


def test_a_local_model_is_served_where_a_worker_that_is_alive_can(environment):
    assert serving_note() == (
        "No worker that is alive can serve a local model: runs of one wait, or pause, until a worker can."
    )
    factories.make_worker(serves_models=True, silent=True)
    assert not is_served()
    factories.make_worker(serves_models=True)
    assert serving_note() == ""


def test_without_environment_or_worker_the_note_says_what_to_do():
    assert "run “make training”" in serving_note()
    assert "No worker that is alive can serve a local model" in serving_note()


def test_what_a_worker_can_do_in_words():
    assert ability_words(factories.make_worker()) == ""
    found = factories.make_worker(trainers="embedded gone", serves_models=True)
    assert ability_words(found) == "Embedded learner, gone, samples of local models"


def test_a_worker_without_the_trainer_leaves_a_training_to_one_that_has_it(monkeypatch):
    trainer = ToldTrainer(write_outcome).install(monkeypatch)
    monkeypatch.setattr(trainer, "missing", lambda: "torch is not installed.", raising=False)
    training = make_training(make_release(2), trainer="told")
    able = factories.make_worker(trainers="told")
    assert not train_next(job_id=training.pk)
    training.refresh_from_db()
    assert (training.state, training.claims, trainer.calls) == ("queued", 0, [])
    Training.objects.update(rung_at="2020-01-01T00:00Z")
    assert lost_trainings() == [training.pk], "the next bell may reach the other one"
    able.delete()
    train_next(job_id=training.pk)
    training.refresh_from_db()
    assert training.state == "paused"
