"""What lm-evaluation-harness writes beside its samples: results of a run, which name the model, and the folder of both.

`OUT/lab__model/results_TIME.json` has the scores of all tasks and what the model was called; the samples of each task
are `OUT/lab__model/samples_TASK_TIME.jsonl`, and do not name it.
"""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from trajectories.core.importers.foreign_traces import ForeignTrace, Row

BESIDE_SAMPLES = "lm_eval_results"
"""The key of a row that stands for a file of results beside samples, under its name."""

SAMPLES = re.compile(r"samples_.+\.jsonl(?:\.gz|\.zst)?")
RESULTS = re.compile(r"results_.+\.json")
ARGUMENT = re.compile(r"(?:^|,)\s*(?:pretrained|model|model_name)=([^,]+)")
"""Where the arguments of a model name it: `pretrained=lab/model,dtype=auto`."""

NO_MODELS = frozenset(
    (
        *("", ".", "..", "data", "downloads", "eval", "evals", "evaluation", "lm-eval", "lm_eval", "log", "logs"),
        *("out", "output", "outputs", "result", "results", "run", "runs", "samples", "tmp"),
    )
)
"""Folders that no model is called like."""


def is_samples(path: str) -> bool:
    """Whether a file is named as the harness names samples."""
    return SAMPLES.fullmatch(_parts(path).name) is not None


def is_results_file(path: str) -> bool:
    """Whether a file is named as the harness names results."""
    return RESULTS.fullmatch(_parts(path).name) is not None


def folder_of(path: str) -> str:
    """The folder that a file is in."""
    return str(_parts(path).parent)


def model_of_folder(path: str) -> str:
    """The model that the folder of samples names; "" where it names none. The harness writes two underscores for the
    slash of a name."""
    folder = _parts(path).parent.name
    return folder.replace("__", "/", 1) if is_samples(path) and folder.lower() not in NO_MODELS else ""


def is_results(row: Any) -> bool:
    """Whether a document is the results of a run."""
    scores = row.get("results") if isinstance(row, Mapping) else None
    return isinstance(scores, Mapping) and ("configs" in row or "n-shot" in row or "versions" in row)


def model_of_results(row: Any) -> str | None:
    """The model that results are of, "" where they name none; None for what is no such document."""
    if not is_results(row):
        return None
    config = row.get("config")
    told = config if isinstance(config, Mapping) else {}
    arguments = told.get("model_args")
    if isinstance(arguments, Mapping):
        arguments = ",".join(f"{name}={value}" for name, value in arguments.items())
    found = ARGUMENT.search(arguments) if isinstance(arguments, str) else None
    named = row.get("model_name")
    return named if isinstance(named, str) and named else found[1].strip() if found else ""


def with_model(row: Row, model: str) -> Row:
    """The row of a sample with the model that its results name."""
    return {**row, "model": model} if "resps" in row and not row.get("model") else row


def is_beside(row: Row) -> bool:
    """Whether a row stands for a file of results beside samples."""
    return len(row) == 1 and BESIDE_SAMPLES in row


def read_beside(_row: Row) -> list[ForeignTrace]:
    """No trace: the file is counted under the name of its shape, and passed over."""
    return []


def _parts(path: str) -> PurePosixPath:
    return PurePosixPath(path.replace("\\", "/"))
