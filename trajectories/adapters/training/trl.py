"""Tuning with trl: a release's rows, a model on this machine's disk, and a child that trains it."""

import errno
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from trajectories.adapters.local_models.children import ChildLimits, ModelChild, ModelChildError, Program
from trajectories.adapters.local_models.enclosing import can_enclose
from trajectories.adapters.local_models.environment import (
    ModelEnvironment,
    NoEnvironmentError,
    find_environment,
    lacking,
)
from trajectories.adapters.local_models.folders import ModelFolderError, model_folder, pack_model, unpacked_model
from trajectories.adapters.local_models.settings import LOCAL, LocalSettings
from trajectories.adapters.training.base import Base, PausedTrainingError, Report, Task, TrainerError, TrainingResult
from trajectories.adapters.training.rewards import Rewards
from trajectories.adapters.training.rows import DPO, GRPO, KTO, Written, data_files, write_data
from trajectories.adapters.training.tuning import ORIGINAL, TUNING, check_tuning
from trajectories.adapters.training.words import in_words
from trajectories.core.faults import Fault
from trajectories.core.records import JSON

GIBIBYTE = 1024**3
OUT, PLAN, PACKED = "trained", "plan.json", "model.tar"
SHOWN_VERSIONS = ("torch", "transformers", "trl")
NEEDED = {
    DPO: "No two traces of one problem make a pair of a right and a wrong answer; expected some, and a rule of the "
    "training that takes right and wrong ones.",
    KTO: "No trace is known to be right or wrong; expected some of both, and a rule of the training that takes both.",
    GRPO: "No prompt is there to sample answers to.",
}
NOTHING = "No row of the release can be learnt from: {held_out:,} items are kept for evaluation."


class TrlTrainer:
    """Fine-tunes a language model of this machine."""

    key = "trl"
    label = "Fine-tuning with trl"
    summary = (
        "Tunes a language model on this machine's disk with trl: SFT, DPO, KTO or GRPO, whole or by an adapter (LoRA). "
        "Needs “make training”; the sampler that comes of it is served here."
    )
    parameters = TUNING
    base_kinds: tuple[str, ...] = (LOCAL,)

    def missing(self) -> str:
        """See Trainer."""
        return lacking(settings.TRAINING_PYTHON)

    def check(self, parameters: Mapping[str, JSON], base: Base | None) -> None:
        """See Trainer."""
        check_tuning(parameters, has_base=base is not None)
        if base is None and parameters["model"]:
            try:
                model_folder(settings.MODELS_DIR, str(parameters["model"]))
            except ModelFolderError as fault:
                raise Fault(str(fault), field="model") from fault

    def train(self, task: Task, report: Report) -> TrainingResult:
        """See Trainer. Goes on from the last whole checkpoint in the task's folder."""
        try:
            environment = find_environment(settings.TRAINING_PYTHON)
            start = _start(task)
        except (NoEnvironmentError, ModelFolderError) as fault:
            raise PausedTrainingError(str(fault)) from fault
        report.note("Writing the rows to learn from")
        written = _rows(task, report)
        plan = _plan(task, start, written, environment)
        (task.folder / OUT).mkdir(exist_ok=True)
        (task.folder / PLAN).write_text(json.dumps(plan), encoding="utf-8")
        facts = _Watching(task, report, Rewards(written.problems)).train(environment, start)
        report.note("Packing the model")
        packed = task.folder / PACKED
        pack_model(task.folder / OUT / "model", packed)
        facts |= {"rows_held_out": written.evaluation, "items_kept_for_evaluation": written.held_out}
        return TrainingResult(packed, "tar", LOCAL, _sampler(task, start).as_parameters(), in_words(facts))


class _Start:
    """What a training begins from: a folder, or None for a new model; `origin` is what of it is kept with the sampler,
    so that the next training can begin there again."""

    def __init__(self, folder: Path | None, origin: Mapping[str, JSON]) -> None:
        self.folder, self.origin = folder, origin


def _start(task: Task) -> _Start:
    """Raises ModelFolderError and OSError."""
    parameters, base = task.parameters, task.base
    if base is None:
        if parameters["model"]:
            return _named(str(parameters["model"]))
        return _Start(None, {"sizes": _sizes(parameters), "seed": task.seed})
    known = LocalSettings.from_parameters(base.parameters)
    if parameters["begin_from"] == ORIGINAL and known.origin:
        if "folder" in known.origin:
            return _named(str(known.origin["folder"]))
        return _Start(None, known.origin)
    if base.artefact is None:
        return _named(known.folder)
    folder = unpacked_model(settings.MODELS_DIR, base.artefact, base.artefact.stem.removeprefix("artefact-"))
    return _Start(folder, known.origin)


def _named(name: str) -> _Start:
    return _Start(model_folder(settings.MODELS_DIR, name), {"folder": name})


def _sizes(parameters: Mapping[str, JSON]) -> dict[str, JSON]:
    return {name: parameters[name] for name in ("layers", "width", "heads", "context")}


def _rows(task: Task, report: Report) -> Written:
    """The rows. Raises TrainerError where there are none."""
    written = write_data(task, report)
    if not written.rows:
        raise TrainerError(NEEDED.get(str(task.parameters["method"])) or NOTHING.format(held_out=written.held_out))
    return written


def _plan(task: Task, start: _Start, written: Written, environment: ModelEnvironment) -> dict[str, Any]:
    """What the child reads, see local_models.inside.train."""
    data, evaluation = data_files(task.folder)
    return {
        **task.parameters,
        "base": str(start.folder or ""),
        "sizes": start.origin.get("sizes"),
        "made_by": start.origin.get("seed"),
        "data": str(data),
        "evaluation": str(evaluation) if written.evaluation else "",
        "out": str(task.folder / OUT),
        "seed": task.seed,
        "threads": settings.TRAINING_THREADS,
        "enclosed": can_enclose(environment),
    }


def _sampler(task: Task, start: _Start) -> LocalSettings:
    """The sampler that serves what was made, as its base was served."""
    known = LocalSettings() if task.base is None else LocalSettings.from_parameters(task.base.parameters)
    return known.with_origin(start.origin)


class _Watching:
    """One training by a child: what it tells, and what it is told."""

    def __init__(self, task: Task, report: Report, rewards: Rewards) -> None:
        self._task, self._report, self._rewards = task, report, rewards
        self._facts: dict[str, JSON] = {}
        self._point: tuple[int, dict[str, float]] = 0, {}

    def train(self, environment: ModelEnvironment, start: _Start) -> dict[str, JSON]:
        """Train to the end; the facts that came out. Raises PausedTrainingError, and OSError for a full disk."""
        folder, plan = self._task.folder, self._task.folder / PLAN
        reads = (plan, *data_files(folder), *([start.folder] if start.folder else []))
        self._report.note("Starting the trainer")
        program = Program(
            "train", (str(plan),), reads, folder / OUT, settings.TRAINING_THREADS, _limits(self._task.parameters)
        )
        child = ModelChild(environment, program)
        try:
            for line in child.lines():
                self._hear(child, line)
        except ModelChildError as fault:
            if fault.kind == "disk":
                raise OSError(errno.ENOSPC, str(fault)) from fault
            raise PausedTrainingError(str(fault)) from fault
        finally:
            child.close()
        return {**self._facts, "network": "shut" if child.enclosed else "refused by the trainer itself"}

    def _hear(self, child: ModelChild, line: dict[str, Any] | None) -> None:
        report = self._report
        match line:
            case None:
                report.check()
            case {"kind": "started"}:
                told = {name: value for name, value in line.items() if name not in ("kind", "versions")}
                shown = ", ".join(f"{name} {line['versions'][name]}" for name in SHOWN_VERSIONS)
                self._facts |= {**told, "versions": shown, "method": self._task.parameters["method"]}
                report.note(_about(told))
            case {"kind": "step", "step": step, "total": total, "values": values}:
                report.progress(step, total, "steps")
                self._tell(step, values)
            case {"kind": "evaluated", "step": step, "values": values}:
                self._tell(step, {f"evaluation {name}": value for name, value in values.items()})
            case {"kind": "ask", "keys": keys, "texts": texts}:
                child.answer(list(self._rewards.of(keys, texts)))
                right, wrong, left_open = self._rewards.right, self._rewards.wrong, self._rewards.open
                self._facts |= {"answers": {"right": right, "wrong": wrong, "left_open": left_open}}
            case {"kind": "saved", "step": step}:
                self._facts |= {"last_checkpoint": step}
            case {"kind": "finished", "steps": steps, "last_loss": loss}:
                self._facts |= {"steps": steps, "last_loss": loss}
            case {"kind": "note", "message": message}:
                report.note(message)

    def _tell(self, step: int, values: Mapping[str, float | None]) -> None:
        """Add what is told of a step to what was told of the same step before."""
        known = {name.replace("_", " "): float(value) for name, value in values.items() if value is not None}
        if not known:
            return
        self._point = step, {**(self._point[1] if self._point[0] == step else {}), **known}
        self._report.point(step, **self._point[1])


def _about(told: Mapping[str, Any]) -> str:
    left_out = f", {told['too_long']:,} left out as too long" if told["too_long"] else ""
    torn = f", {told['torn']:,} whose prompt the chat template tears" if told["torn"] else ""
    return f"Training on {told['rows']:,} rows{left_out}{torn}, {told['device']}"


def _limits(parameters: Mapping[str, Any]) -> ChildLimits:
    return ChildLimits(
        memory_bytes=int(parameters["memory_gib"] * GIBIBYTE),
        disk_bytes=int(parameters["disk_gib"] * GIBIBYTE),
        free_bytes=settings.DISK_RESERVE_BYTES,
        silent_seconds=parameters["silent_minutes"] * 60,
        seconds=parameters["hours"] * 3600,
    )
