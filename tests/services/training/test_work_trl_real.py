"""Real trainings of a tiny new model, and a sampler that serves it, where `make training` was run.

Set TRAINING_PYTHON to another environment with trl 1.16.0; about two minutes.
"""

import os
import signal
import subprocess
import threading
import time

import pytest

from tests import factories
from tests.local_models import WHERE_MODELS_ARE_TRAINED, make_sums
from trajectories.adapters.local_models import sampler as local_sampler
from trajectories.adapters.local_models.children import ModelChild
from trajectories.adapters.local_models.enclosing import ROOT
from trajectories.adapters.local_models.environment import find_environment
from trajectories.adapters.local_models.serving import Server
from trajectories.models import Trace, Training
from trajectories.models.job_kinds import RESUME
from trajectories.services.jobs.steering import steer
from trajectories.services.runs.chat_sampling import sample_session
from trajectories.services.training.planning import start_training
from trajectories.services.training.work import train_next, training_folder

pytestmark = [pytest.mark.django_db(transaction=True), WHERE_MODELS_ARE_TRAINED]
TINY = {
    "layers": 1,
    "width": 16,
    "heads": 2,
    "context": 512,
    "max_length": 512,
    "batch": 2,
    "steps": 2,
    "learning_rate": 0.01,
    "evaluation_share": 0.0,
    "save_every": 1,
}


@pytest.fixture(autouse=True)
def _models(settings, tmp_path):
    settings.MODELS_DIR = tmp_path / "models"
    settings.TRAINING_THREADS = 1


def ask(method="sft", *, release=None, base=None, **parameters) -> Training:
    return start_training(
        by=None,
        release=release or make_sums(3),
        trainer="trl",
        parameters={**TINY, "method": method, **parameters},
        base=base,
        seed=5,
        rule={"take": "uniform"},
    )


def train(training: Training) -> Training:
    train_next(job_id=training.pk)
    training.refresh_from_db()
    return training


def finished(training: Training) -> Training:
    trained = train(training)
    assert (trained.state, trained.reason) == ("finished", "")
    assert trained.facts["steps"] == trained.parameters["steps"]
    return trained


def test_sft_resumes_after_a_kill_and_its_sampler_answers(monkeypatch):
    training = ask(steps=6)
    started = threading.Event()
    begin = ModelChild.__init__

    def kill_later(child, *given):
        begin(child, *given)
        if not started.is_set():
            started.set()
            threading.Thread(target=kill_after_a_checkpoint, args=(child.pid, training.pk)).start()

    monkeypatch.setattr(ModelChild, "__init__", kill_later)
    stopped = train(training)
    assert (stopped.state, stopped.done_count > 0) == ("paused", True)
    assert "was killed" in stopped.reason or "exit code" in stopped.reason
    told = {point.step: point.values["loss"] for point in stopped.points.all()}
    steer("training", RESUME, actor=None, job_id=training.pk)
    whole = finished(training)
    losses = {point.step: point.values["loss"] for point in whole.points.order_by("step")}
    assert list(losses) == [1, 2, 3, 4, 5, 6]
    again = finished(ask(steps=6, release=training.release))
    straight = {point.step: point.values["loss"] for point in again.points.all()}
    assert losses == pytest.approx(straight, abs=1e-4), "a killed training learns the same as one that was left alone"
    assert set(told) <= set(losses)
    answers(whole, monkeypatch)


def kill_after_a_checkpoint(pid, training_id):
    out = training_folder(training_id) / "trained"
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and not any(out.glob("checkpoint-*/whole.json")):
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)


def answers(training, monkeypatch):
    server = Server()
    monkeypatch.setattr(local_sampler, "shared_server", lambda: server)
    sampler = training.sampler
    sampler.parameters = {**sampler.parameters, "max_output_tokens": 8, "batch": 4, "logprobs": True}
    sampler.save()
    problem = factories.make_problem(kind="numeric", statement="What is 2 + 1?", spec={}, reference=3)
    view = factories.make_instruction(style="chain-of-thought", suits="chat", view="digits", template="{problem}")
    given = {"sampler": sampler, "problems": [problem], "instructions": [view], "temperatures": [1.0]}
    try:
        drawn = []
        for _ in range(2):
            run = factories.plan(**given, samples_each=3, seed=11)
            sample_session(run_id=run.pk, on_traces=lambda _: None, seconds=120)
            run.refresh_from_db()
            assert (run.done_count, run.failed_count, run.state_reason) == (3, 0, "")
            traces = list(Trace.objects.filter(run=run).select_related("reasoning").order_by("attempt__index"))
            assert {trace.finish_reason for trace in traces} <= {"stop", "length", "empty"}
            assert all(0 < trace.output_tokens <= 8 and trace.input_tokens > 10 for trace in traces)
            assert all(trace.facts["mean_logprob"] < 0 for trace in traces)
            drawn.append([trace.reasoning.body for trace in traces])
        assert drawn[0] == drawn[1], "the same seeds draw the same"
        assert len(set(drawn[0])) > 1, "other seeds draw others"
    finally:
        server.close()


@pytest.mark.parametrize("method", ["dpo", "kto", "grpo"])
def test_a_step_of_every_other_method_by_an_adapter(method):
    more = {"answers": 2, "answer_tokens": 8, "batch": 2} if method == "grpo" else {}
    training = finished(ask(method, steps=1, lora_rank=2, **more))
    assert training.facts["trained_weights"] < training.facts["weights"]
    assert training.points.get(step=1).values["loss"] is not None
    if method == "grpo":
        assert sum(training.facts["answers"].values()) == 2


BREAK = """
import sys
from pathlib import Path
from safetensors.torch import load_file, save_file
from trajectories.adapters.local_models.inside.opening import make_model
root = Path(sys.argv[1])
for name in ("numberless", "speechless", "wordless"):
    make_model(root / name, sizes={"layers": 1, "width": 16, "heads": 2, "context": 512}, seed=1)
weights = {name: each * float("nan") for name, each in load_file(root / "numberless/model.safetensors").items()}
save_file(weights, root / "numberless/model.safetensors", metadata={"format": "pt"})
(root / "speechless/chat_template.jinja").unlink()
for name in ("tokenizer.json", "tokenizer_config.json"):
    (root / "wordless" / name).unlink()
"""


def test_models_that_cannot_be_trained_pause_it_with_a_sentence(settings):
    settings.MODELS_DIR.mkdir()
    python = find_environment(settings.TRAINING_PYTHON).python
    subprocess.run([python, "-c", BREAK, settings.MODELS_DIR], check=True, cwd=ROOT)
    for name, words in (
        ("numberless", "no number any more at step 1"),
        ("speechless", "has no chat template"),
        ("wordless", "has no tokenizer"),
    ):
        training = train(ask(model=name))
        assert (training.state, words in training.reason) == ("paused", True), training.reason
