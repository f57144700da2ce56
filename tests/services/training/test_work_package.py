"""Packages for other machines: what is in them, and that the training waits for the sampler that comes of one."""

import json
import zipfile

import pytest

from tests import factories
from tests.local_models import make_sums
from trajectories.core.faults import Fault
from trajectories.models import Training
from trajectories.services.endpoints.artefacts import artefact_file
from trajectories.services.training.planning import TrainingError, attach_sampler, start_training
from trajectories.services.training.work import train_next

pytestmark = pytest.mark.django_db
FILES = {
    *("README.md", "train.py", "settings.json", "requirements.txt", "manifest.json", "llamafactory.yaml"),
    *(f"data/{name}.jsonl" for name in ("train", "evaluation", "train_messages", "evaluation_messages")),
    "data/dataset_info.json",
}


def pack(release=None, **parameters) -> Training:
    asked = {"model": "small", "evaluation_share": 0.0, **parameters}
    training = start_training(
        by=None,
        release=release or make_sums(2),
        trainer="package",
        parameters=asked,
        base=None,
        seed=3,
        rule={"take": "uniform"},
    )
    train_next(job_id=training.pk)
    training.refresh_from_db()
    return training


def files_of(training) -> dict[str, str]:
    with zipfile.ZipFile(artefact_file(training.artefact)) as archive:
        assert {name.split("/")[0] for name in archive.namelist()} == {"training"}
        return {name.removeprefix("training/"): archive.read(name).decode() for name in archive.namelist()}


def yaml_of(text) -> dict:
    """Each value is written as JSON, which YAML reads."""
    return {key: json.loads(value) for key, _, value in (line.partition(": ") for line in text.splitlines())}


@pytest.mark.parametrize("method", ["sft", "dpo", "kto"])
def test_a_package_has_what_three_programs_need(method):
    training = pack(make_sums(6, splits=("train", "eval")), method=method, lora_rank=8, steps=30)
    assert (training.state, training.sampler) == ("waiting", None)
    files = files_of(training)
    assert set(files) == FILES | (set() if method == "kto" else {"axolotl.yaml"})
    rows = [json.loads(line) for line in files["data/train.jsonl"].splitlines()]
    plain = [json.loads(line) for line in files["data/train_messages.jsonl"].splitlines()]
    assert len(rows) == len(plain) == training.facts["rows"] == {"sft": 6, "dpo": 3, "kto": 6}[method]
    keys = {"sft": {"messages"}, "dpo": {"messages", "chosen", "rejected"}, "kto": {"messages", "label"}}[method]
    assert {frozenset(row) for row in plain} == {frozenset(keys)}
    settings, info = json.loads(files["settings.json"]), json.loads(files["data/dataset_info.json"])
    assert (settings["method"], settings["lora_rank"], settings["options"]["max_steps"]) == (method, 8, 30)
    assert info["train"]["file_name"] == "train_messages.jsonl"
    assert set(info["train"]["columns"].values()) == keys
    factory = yaml_of(files["llamafactory.yaml"])
    assert (factory["stage"], factory["finetuning_type"], factory.get("eval_dataset")) == (method, "lora", None)
    if method != "kto":
        axolotl = yaml_of(files["axolotl.yaml"])
        assert axolotl["datasets"][0]["path"] == "data/train_messages.jsonl"
        assert axolotl.get("rl") == ("dpo" if method == "dpo" else None)
    compile(files["train.py"], "train.py", "exec")
    assert f"{len(rows)} rows to learn from, 0 to measure the loss on" in files["README.md"]


def test_a_share_of_the_problems_measures_the_loss_alone():
    training = pack(make_sums(8), evaluation_share=0.5)
    files = files_of(training)
    learnt, measured = (
        {json.loads(line)["prompt"][-1]["content"] for line in files[f"data/{name}.jsonl"].splitlines()}
        for name in ("train", "evaluation")
    )
    assert learnt
    assert measured
    assert not learnt & measured, "all rows of a problem are on one side"
    assert len(learnt | measured) == 8
    assert yaml_of(files["llamafactory.yaml"])["eval_dataset"] == "evaluation"
    assert yaml_of(files["axolotl.yaml"])["test_datasets"][0]["path"] == "data/evaluation_messages.jsonl"


def test_the_same_rows_and_settings_are_packed_to_the_same_bytes():
    release = make_sums(2)
    assert pack(release).artefact == pack(release).artefact


def test_the_training_ends_with_the_sampler_that_came_of_it():
    training = pack()
    sampler, before = factories.make_sampler(kind="chat"), factories.make_sampler(kind="chat", title="Before")
    Training.objects.filter(pk=training.pk).update(base=before)
    with pytest.raises(TrainingError, match="began from Before"):
        attach_sampler(by=None, training_id=training.pk, sampler=before)
    attach_sampler(by=None, training_id=training.pk, sampler=sampler)
    training.refresh_from_db()
    assert (training.state, training.sampler) == ("finished", sampler)


def test_a_model_has_to_be_named():
    with pytest.raises(Fault, match="expected one that the other machine begins from"):
        pack(model="")


def test_a_release_without_pairs_makes_no_package_for_them():
    training = pack(make_sums(2, wrong=False), method="dpo")
    assert (training.state, training.artefact) == ("failed", None)
    assert "the method DPO learns from" in training.reason
