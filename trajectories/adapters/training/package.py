"""A package to carry to another machine: rows, a script for trl, and configurations for Axolotl and LLaMA-Factory."""

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trajectories.adapters.files import chunks_of
from trajectories.adapters.training.base import Base, Parameter, Report, Task, TrainerError, TrainingResult
from trajectories.adapters.training.configurations import axolotl, dataset_info, llama_factory, readme
from trajectories.adapters.training.conversations import plain_rows
from trajectories.adapters.training.rows import GRPO, Written, data_files, write_data
from trajectories.adapters.training.tuning import METHOD, OPTIMISING, TEXT, THOUGHTS
from trajectories.adapters.training.words import in_words
from trajectories.core.faults import Fault
from trajectories.core.identity import canonical_json
from trajectories.core.records import JSON

SCRIPT = Path(__file__).with_name("packed") / "train.py"
FOLDER = "training"
REQUIREMENTS = (
    "trl==1.16.0",
    "transformers>=5.24,<6",
    "peft>=0.21",
    "accelerate>=1.15",
    "datasets>=5.2",
    "torch>=2.12",
)
MADE_AT = (2000, 1, 1, 0, 0, 0)
ELSEWHERE = ("answers", "answer_tokens", "temperature")
"""Parameters of methods that no package is made for."""

NO_ROWS = (
    "No row of the release is one that the method {method} learns from; DPO and KTO want right and wrong ones, and a "
    "rule of the training that takes both."
)


class PackageTrainer:
    """Packs what another machine needs to train, and waits for the sampler that comes of it."""

    key = "package"
    label = "Package for another machine"
    summary = (
        "Packs the rows with a script for trl and configurations for Axolotl and LLaMA-Factory. The training "
        "waits until you say which sampler came of it."
    )
    parameters: tuple[Parameter, ...] = (
        Parameter(
            METHOD.name, METHOD.label, METHOD.kind, METHOD.default, METHOD.help.split(" GRPO")[0].replace(";", "."),
            choices=tuple(choice for choice in METHOD.choices if choice[0] != GRPO),
        ),
        Parameter("model", "Model", TEXT, "", "As the other machine knows it: a folder, or a name on a hub.",
                  empty="that of the sampler"),
        THOUGHTS,
        *(each for each in OPTIMISING if each.name not in ELSEWHERE),
    )  # fmt: skip
    base_kinds: tuple[str, ...] = ("chat", "local")

    def missing(self) -> str:
        """See Trainer: nothing is needed to pack."""
        return ""

    def check(self, parameters: Mapping[str, JSON], base: Base | None) -> None:
        """See Trainer."""
        if not parameters["model"] and not _model_of(base):
            raise Fault("Found no model, expected one that the other machine begins from.", field="model")

    def train(self, task: Task, report: Report) -> TrainingResult:
        """See Trainer: writes the package."""
        report.note("Writing the rows")
        written = write_data(task, report)
        if not written.rows:
            raise TrainerError(NO_ROWS.format(method=str(task.parameters["method"]).upper()))
        told = {**task.parameters, "model": str(task.parameters["model"]) or _model_of(task.base), "seed": task.seed}
        report.note("Packing")
        package = task.folder / "package.zip"
        facts = _pack(package, task.folder, told, written, report)
        report.progress(written.rows, written.rows, "rows")
        return TrainingResult(package, "zip", facts=in_words(facts))


def _model_of(base: Base | None) -> str:
    if base is None:
        return ""
    return str(base.parameters.get("model") or base.parameters.get("folder") or "")


def _pack(package: Path, folder: Path, told: Mapping[str, Any], written: Written, report: Report) -> dict[str, JSON]:
    """Write the zip; the same rows and settings give the same bytes."""
    data, evaluation = data_files(folder)
    left_out = 0
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in (("train", data), ("evaluation", evaluation)):
            _add(archive, f"data/{name}.jsonl", chunks_of(file))
            plain = plain_rows(file, str(told["method"]))
            _add(archive, f"data/{name}_messages.jsonl", _checked(plain.lines(), report))
            left_out += plain.left_out
        facts: dict[str, JSON] = {
            "method": told["method"],
            "model": told["model"],
            "rows": written.rows,
            "rows_held_out": written.evaluation,
            "items_kept_for_evaluation": written.held_out,
            "rows_with_tools_or_more_turns": left_out,
        }
        for name, text in _texts(told, facts).items():
            _add(archive, name, iter([text.encode()]))
    return facts


def _texts(told: Mapping[str, Any], facts: Mapping[str, JSON]) -> dict[str, str]:
    texts = {
        "README.md": readme(told, facts),
        "train.py": SCRIPT.read_text(encoding="utf-8"),
        "settings.json": json.dumps(_settings(told), indent=2, sort_keys=True) + "\n",
        "requirements.txt": "".join(f"{line}\n" for line in REQUIREMENTS),
        "data/dataset_info.json": json.dumps(dataset_info(told), indent=2) + "\n",
        "llamafactory.yaml": llama_factory(told, has_held_out=bool(facts["rows_held_out"])),
        "manifest.json": canonical_json({"facts": dict(facts), "parameters": dict(told)}) + "\n",
    }
    config = axolotl(told, has_held_out=bool(facts["rows_held_out"]))
    return {**texts, "axolotl.yaml": config} if config else texts


def _settings(told: Mapping[str, Any]) -> dict[str, Any]:
    """What the script for trl reads."""
    options = {
        "seed": told["seed"] % 2**32,
        "max_steps": told["steps"] or -1,
        "num_train_epochs": told["epochs"],
        "per_device_train_batch_size": told["batch"],
        "gradient_accumulation_steps": told["accumulate"],
        "learning_rate": told["learning_rate"],
        "lr_scheduler_type": "cosine",
        "warmup_steps": told["warmup"],
        "logging_steps": 1,
        "save_steps": 50,
        "eval_steps": 50,
        "save_total_limit": 2,
    }
    kept = {name: told[name] for name in ("method", "model", "max_length", "beta", "lora_rank")}
    return {**kept, "options": options}


def _add(archive: zipfile.ZipFile, name: str, chunks: Iterator[bytes]) -> None:
    entry = zipfile.ZipInfo(f"{FOLDER}/{name}", MADE_AT)
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    with archive.open(entry, "w", force_zip64=True) as opened:
        for chunk in chunks:
            opened.write(chunk)


def _checked(lines: Iterator[bytes], report: Report) -> Iterator[bytes]:
    for line in lines:
        report.check()
        yield line
