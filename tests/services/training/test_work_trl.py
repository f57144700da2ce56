"""Tuning language models from the bell to the sampler. The trainer's child is played: see tests.local_models."""

import json
from pathlib import Path

import pytest

from tests.local_models import FINISHED, MODEL, TOLD_AT_THE_START, let_play, make_environment, make_folder, make_sums
from trajectories.adapters.local_models.folders import MADE
from trajectories.core.faults import Fault
from trajectories.models import Sampler, Training
from trajectories.models.job_kinds import RESUME
from trajectories.selectors.disk import NO_SPACE
from trajectories.services.jobs.steering import steer
from trajectories.services.training import reports
from trajectories.services.training.planning import start_training
from trajectories.services.training.work import train_next, training_folder

pytestmark = pytest.mark.django_db
STARTED = {"tell": TOLD_AT_THE_START}
SMALL = {"max_length": 256, "context": 256, "evaluation_share": 0.0}


@pytest.fixture(autouse=True)
def _machine(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(reports, "SECONDS", 0.0)
    settings.TRAINING_PYTHON = make_environment(tmp_path / "python")
    settings.MODELS_DIR = tmp_path / "models"
    make_folder(settings.MODELS_DIR, "small")


def step(number, **values):
    return {"tell": {"kind": "step", "step": number, "total": 2, "values": values}}


def train(release=None, *, base=None, **parameters) -> Training:
    training = start_training(
        by=None,
        release=release or make_sums(2),
        trainer="trl",
        parameters={**SMALL, **parameters},
        base=base,
        seed=3,
        rule={"take": "uniform"},
    )
    train_next(job_id=training.pk)
    training.refresh_from_db()
    return training


def plan_of(training) -> dict:
    return json.loads((training_folder(training.pk) / "plan.json").read_text())


def rows_of(training, name="data") -> list[dict]:
    lines = (training_folder(training.pk) / f"{name}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_a_training_tells_its_curves_and_makes_a_sampler_that_serves_the_model(monkeypatch, settings):
    evaluated = {"tell": {"kind": "evaluated", "step": 2, "values": {"loss": 0.6}}}
    let_play(monkeypatch, STARTED, step(1, loss=0.9), step(2, loss=0.5), evaluated, MODEL, FINISHED)
    training = train(model="small")
    assert (training.state, training.reason) == ("finished", "")
    assert {point.step: point.values for point in training.points.all()} == {
        1: {"loss": 0.9},
        2: {"loss": 0.5, "evaluation loss": 0.6},
    }
    assert (training.done_count, training.total_count, training.unit) == (2, 2, "steps")
    assert {"rows": 3, "too_long": 1, "steps": 2, "method": "sft"}.items() <= training.facts.items()
    assert training.facts["told"]["Left out as too long"] == "1"
    sampler = training.sampler
    assert (sampler.kind, sampler.parameters["origin"]) == ("local", {"folder": "small"})
    assert sampler.artefact.name.endswith(".tar")
    assert not training_folder(training.pk).exists()


@pytest.mark.parametrize(
    ("begin_from", "folder"), [("original", "small"), ("base", f"{MADE}/")], ids=["original", "base"]
)
def test_the_next_generation_begins_from_the_original_unless_asked(monkeypatch, settings, begin_from, folder):
    let_play(monkeypatch, STARTED, MODEL, FINISHED)
    base = train(model="small").sampler
    let_play(monkeypatch, {"tell": {"kind": "fault", "fault": "x", "message": "Stop here."}})
    training = train(base=base, begin_from=begin_from)
    began = Path(plan_of(training)["base"])
    assert str(began.relative_to(settings.MODELS_DIR)).startswith(folder)
    assert (began / "config.json").is_file()


def test_a_model_that_is_made_new_is_made_so_again_by_the_next_generation(monkeypatch):
    let_play(monkeypatch, STARTED, MODEL, FINISHED)
    base = train(layers=1, width=16, heads=2).sampler
    assert base.parameters["origin"] == {"sizes": {"layers": 1, "width": 16, "heads": 2, "context": 256}, "seed": 3}
    let_play(monkeypatch, {"tell": {"kind": "fault", "fault": "x", "message": "Stop here."}})
    plan = plan_of(train(base=base))
    assert (plan["base"], plan["sizes"]["width"], plan["made_by"]) == ("", 16, 3)


@pytest.mark.parametrize(
    ("acts", "parameters", "words"),
    [
        ([{"tell": {"kind": "fault", "fault": "no_tokenizer", "message": "The folder small has no tokenizer."}}], {},
         "has no tokenizer"),
        ([STARTED, {"tell": {"kind": "fault", "fault": "no_number", "message": "The loss is no number."}}], {},
         "no number"),
        ([STARTED, {"hang": True}], {"silent_minutes": 0.01}, "No step came to an end"),
        ([STARTED, {"hang": True}], {"hours": 0.001, "silent_minutes": 60}, "Not done after"),
        ([STARTED, {"write": 3_000_000}, {"hang": True}], {"disk_gib": 0.001}, "Its files take"),
        ([STARTED, {"kill": True}], {}, "It was killed"),
        ([STARTED, {"print": "Boom"}, {"end": 1}], {}, "its log ends: Boom"),
    ],
    ids=["tokenizer", "nan", "silent", "hours", "disk", "killed", "broke"],
)  # fmt: skip
def test_what_goes_wrong_pauses_the_training_with_a_sentence_and_it_can_go_on(monkeypatch, acts, parameters, words):
    let_play(monkeypatch, *acts)
    training = train(model="small", **parameters)
    assert training.state == "paused"
    assert words in training.reason
    assert (training_folder(training.pk) / "trained").is_dir()
    (training_folder(training.pk) / "trained" / "large.bin").unlink(missing_ok=True)
    let_play(monkeypatch, STARTED, MODEL, FINISHED)
    steer("training", RESUME, actor=None, job_id=training.pk)
    train_next(job_id=training.pk)
    training.refresh_from_db()
    assert (training.state, training.reason) == ("finished", "")


def test_the_curve_is_stored_up_to_where_the_trainer_was_killed(monkeypatch):
    monkeypatch.setattr(reports, "SECONDS", 1_000.0)
    let_play(monkeypatch, STARTED, step(1, loss=0.9), step(2, loss=0.5), {"kill": True})
    training = train(model="small")
    assert (training.state, training.done_count) == ("paused", 2)
    assert {point.step: point.values for point in training.points.all()} == {1: {"loss": 0.9}, 2: {"loss": 0.5}}


def test_a_full_disk_waits_for_room(monkeypatch):
    let_play(monkeypatch, STARTED, {"tell": {"kind": "fault", "fault": "disk", "message": "The disk is full."}})
    training = train(model="small")
    assert (training.state, training.reason) == ("queued", NO_SPACE)
    assert training.space_needed > 0


def test_without_an_environment_the_worker_says_what_to_do(settings, tmp_path):
    settings.TRAINING_PYTHON = tmp_path / "nothing"
    training = train(model="small")
    assert training.state == "paused"
    assert "run “make training”" in training.reason


@pytest.mark.parametrize(
    ("parameters", "field", "words"),
    [
        ({"model": "../small"}, "model", "expected the name of a folder"),
        ({"model": "other"}, "model", "small"),
        ({"width": 30, "heads": 4}, "width", "twice the heads"),
        ({"max_length": 512}, "max_length", "no longer rows than its context"),
        ({"method": "grpo", "batch": 6, "answers": 4}, "answers", "whole groups"),
        ({"method": "grpo", "answer_tokens": 256}, "answer_tokens", "room for the prompt"),
        ({"method": "ppo"}, "method", "sft, dpo, kto, grpo"),
    ],
)
def test_wrong_parameters_are_told_before_anything_begins(parameters, field, words):
    with pytest.raises(Fault, match=words) as caught:
        train(**parameters)
    assert caught.value.field == field
    assert not Training.objects.exists()


@pytest.mark.parametrize(
    ("method", "wrong", "words"),
    [("dpo", False, "pair of a right and a wrong"), ("sft", True, "No item of the release is left to learn from")],
)
def test_a_release_without_a_row_to_learn_from_says_so(method, wrong, words):
    release = make_sums(2, wrong=wrong, splits=("eval",) if method == "sft" else ("train",))
    training = train(release, method=method, model="small")
    assert training.state == "failed"
    assert words in training.reason


@pytest.mark.parametrize("method", ["sft", "dpo", "kto", "grpo"])
def test_rows_of_each_method_and_none_that_is_held_out(monkeypatch, method):
    let_play(monkeypatch, {"tell": {"kind": "fault", "fault": "x", "message": "Stop here."}})
    release = make_sums(6, splits=("train", "eval", "validation"))
    training = train(release, method=method, model="small", batch=4, max_length=512, thoughts="tags")
    data, evaluation = rows_of(training), rows_of(training, "evaluation")
    assert evaluation == []
    held_out = {item.trace.problem.statement for item in release.items.exclude(split="train")}
    assert len(held_out) == 4
    assert not any(statement in json.dumps([*data, *evaluation]) for statement in held_out)
    if method == "grpo":
        assert len(data) == 2, "a prompt is asked once"
        assert {frozenset(row) for row in data} == {frozenset({"prompt", "answer", "problem_id", "key"})}
        return
    assert len(data) == {"sft": 4, "dpo": 2, "kto": 4}[method]
    if method == "dpo":
        assert {row["chosen"][0]["content"] for row in data} == {"Answer: 1", "Answer: 4"}
        assert {row["rejected"][0]["content"] for row in data} == {"Answer: 2", "Answer: 5"}
    if method == "kto":
        assert sorted(row["label"] for row in data) == [False, False, True, True]


def test_rewards_come_from_the_verifiers(monkeypatch, tmp_path):
    release = make_sums(1, wrong=False)
    stop = {"tell": {"kind": "fault", "fault": "x", "message": "Stop here."}}
    let_play(monkeypatch, stop)
    grpo = {"method": "grpo", "model": "small", "max_length": 512}
    key = rows_of(train(release, **grpo))[0]["key"]
    asked = {"keys": [key] * 3, "texts": ["It is <answer>1</answer>", "<answer>7</answer>", "No idea."]}
    let_play(monkeypatch, STARTED, {"ask": asked}, stop)
    training = train(release, **grpo)
    got = json.loads((training_folder(training.pk) / "trained" / "got.json").read_text())
    assert got[:2] == [1.0, 0.0]
    assert got[2] in (0.0, None)


def test_nothing_is_left_of_a_training_but_its_sampler(monkeypatch):
    let_play(monkeypatch, STARTED, MODEL, FINISHED)
    first, second = train(model="small"), train(model="small")
    assert set(Sampler.objects.filter(kind="local")) == {first.sampler, second.sampler}
    assert first.artefact_id == second.artefact_id, "the same model is kept once"
