"""The embedded learner from a release in the database to a sampler that a run draws with."""

import json

import pytest

from tests import factories
from tests.trainings import FLIP, arc_spec, make_release, make_training
from trajectories.models import Run
from trajectories.services.endpoints.artefacts import artefact_file
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.runs.embedded_sampling import sample_next_batch
from trajectories.services.training.work import train_next

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _folders(settings, tmp_path):
    settings.ARTEFACT_DIR = tmp_path / "artefacts"
    settings.TRAINING_DIR = tmp_path / "trainings"


def test_a_release_teaches_a_sampler_with_which_a_run_draws():
    training = make_training(make_release(4, programs=(FLIP,)), base=ensure_symbolic(), parameters={"method": "counts"})
    train_next(job_id=training.pk)
    training.refresh_from_db()
    assert (training.state, training.reason) == ("finished", "")
    assert training.facts["tasks"] == 4
    stored = json.loads(artefact_file(training.artefact).read_bytes())
    assert stored["transitions"] == {"": {"flip_rows": 4.0}}
    assert training.sampler.parent == ensure_symbolic()
    problem = factories.make_problem(kind="arc", spec=arc_spec(901), reference=[[[2, 2], [1, 1]]])
    run = factories.plan(sampler=training.sampler, problems=[problem], options={})
    assert len(sample_next_batch(run_id=run.pk, limit=1).trace_ids) == 1
    artefact_file(training.artefact).write_bytes(b"{}")
    sample_next_batch(run_id=run.pk, limit=1)
    run.refresh_from_db()
    assert run.state == Run.State.PAUSED
    assert "changed after its training" in run.state_reason


def test_a_release_without_a_program_of_the_language_says_what_was_left_out():
    training = make_training(make_release(2, programs=("def transform(grid):\n    return grid\n",)))
    train_next(job_id=training.pk)
    training.refresh_from_db()
    assert training.state == "failed"
    assert training.reason.endswith(
        "expected at least 2; left out: 2 outside the operations of the grid and object search."
    )
