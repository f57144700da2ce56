"""The embedded learner: makes the symbolic sampler search first what earlier programs make likely."""

import importlib.util
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from trajectories.adapters.training.base import (
    WRONG_TOO,
    Base,
    Parameter,
    ParameterKind,
    Report,
    Task,
    TrainerError,
    TrainingResult,
)
from trajectories.core.learning.examples import Examples, read_examples
from trajectories.core.learning.fitting import COUNTS, LOG_LINEAR, Fold, cross_validate, fit_guide
from trajectories.core.records import JSON

CHOOSE = "choose"
FOLDS = 5
LEAST_TASKS = 2


class EmbeddedTrainer:
    """Learns of programs that fit which operations, details and compositions follow from which features of a task."""

    key = "embedded"
    label = "Embedded learner"
    summary = (
        "Learns from ARC programs of the symbolic sampler which operations a task calls for; the sampler that comes of "
        "it searches in that order. Needs no model, no graphics card and a minute."
    )
    parameters: tuple[Parameter, ...] = (
        Parameter(
            "method",
            "Method",
            ParameterKind.CHOICE,
            CHOOSE,
            help="Choosing measures each on tasks held out, fold by fold, and takes what needs the fewest bits a step.",
            choices=(
                (CHOOSE, "the one that is measured best"),
                (COUNTS, "counts with smoothing"),
                (LOG_LINEAR, "log-linear in features"),
            ),
        ),
        Parameter(
            WRONG_TOO,
            "Wrong programs too",
            ParameterKind.FLAG,
            False,
            help="Learns from programs that are wrong as if they were right: what the control of a campaign does.",
        ),
    )
    base_kinds: tuple[str, ...] = ("symbolic",)

    def missing(self) -> str:
        """See Trainer."""
        return "" if importlib.util.find_spec("scipy") else "scipy is not installed; `make run` installs it."

    def check(self, parameters: Mapping[str, JSON], base: Base | None) -> None:
        """See Trainer: nothing more can be wrong before the release is read."""

    def train(self, task: Task, report: Report) -> TrainingResult:
        """See Trainer."""
        report.note("Reading programs")
        wrong_too = bool(task.parameters.get(WRONG_TOO))
        examples = read_examples(_told(task, report), wrong_too=wrong_too)
        if len(examples.tasks) < LEAST_TASKS:
            raise TrainerError(
                f"Found {len(examples.tasks)} ARC tasks with a program of the symbolic sampler's language that is not "
                f"wrong, expected at least {LEAST_TASKS}{_why_not(examples)}."
            )
        method, folds = _choose(task, examples, report)
        report.note(f"Fitting {method}")
        guide = fit_guide(examples.tasks, method, lambda done, total: report.progress(done, total, "operations"))
        facts: dict[str, Any] = {
            "method": method,
            "tasks": len(examples.tasks),
            "programs": sum(len(example.chains) for example in examples.tasks),
            "left_out": dict(examples.left_out),
            "bits_a_step": {fold.method: round(fold.mean, 4) for fold in folds},
            "operations": [[name, round(share, 4)] for name, share in guide.commonest(12)],
        }
        artefact = task.folder / "guide.json"
        artefact.write_bytes(replace(guide, facts={"tasks": facts["tasks"], "programs": facts["programs"]}).as_bytes())
        parameters = dict(task.base.parameters) if task.base else {}
        return TrainingResult(artefact, "json", "symbolic", parameters, facts)


def _told(task: Task, report: Report) -> Any:
    for number, lesson in enumerate(task.lessons, 1):
        report.progress(number, len(task.lessons), "traces")
        yield lesson


def _choose(task: Task, examples: Examples, report: Report) -> tuple[str, list[Fold]]:
    """The method to fit by, and how the methods did on tasks held out; the simpler one where both do as well."""
    asked = str(task.parameters["method"])
    methods = (COUNTS, LOG_LINEAR) if asked == CHOOSE else (asked,)
    if len(examples.tasks) < FOLDS:
        return COUNTS if asked == CHOOSE else asked, []
    folds = []
    for number, method in enumerate(methods):
        report.note(f"Measuring {method} on tasks held out")
        fold = cross_validate(
            examples.tasks, method, FOLDS, task.seed, lambda done, total: report.progress(done, total, "fits")
        )
        folds.append(fold)
        report.point(number, bits_a_step=fold.mean)
    return min(folds, key=lambda fold: fold.mean).method, folds


def _why_not(examples: Examples) -> str:
    told = ", ".join(f"{count} {why}" for why, count in sorted(examples.left_out.items()))
    return f"; left out: {told}" if told else ""
