"""What harnesses write beside their rows: documents about a whole run, which name the model that no row names.

- lm-evaluation-harness: `OUT/lab__model/results_TIME.json` has the scores of all tasks and what the model was called;
  the samples of each task are `OUT/lab__model/samples_TASK_TIME.jsonl`
- `verifiers` 0.1: `outputs/evals/ENV--lab--model/RUN/metadata.json` beside `results.jsonl`
"""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from trajectories.core.importers.foreign_traces import ForeignTrace, Row
from trajectories.core.records import JSON

BESIDE = "beside_rows"
"""The key of a row that stands for such a document beside rows, under its name."""

SAMPLES, ROLLOUTS = re.compile(r"samples_.+\.jsonl(?:\.gz|\.zst)?"), re.compile(r"results\.jsonl(?:\.gz|\.zst)?")
DOCUMENT = re.compile(r"results_.+\.json|metadata\.json")
ARGUMENT = re.compile(r"(?:^|,)\s*(?:pretrained|model|model_name)=([^,]+)")
"""Where the arguments of a model name it: `pretrained=lab/model,dtype=auto`."""

NO_MODELS = frozenset(
    (
        *("", ".", "..", "data", "downloads", "eval", "evals", "evaluation", "lm-eval", "lm_eval", "log", "logs"),
        *("out", "output", "outputs", "result", "results", "run", "runs", "samples", "tmp"),
    )
)
"""Folders that no model is called like."""


def has_rows(path: str) -> bool:
    """Whether a file is named as these harnesses name their rows."""
    name = _parts(path).name
    return SAMPLES.fullmatch(name) is not None or ROLLOUTS.fullmatch(name) is not None


def is_document(path: str) -> bool:
    """Whether a file is named as these harnesses name what they write beside."""
    return DOCUMENT.fullmatch(_parts(path).name) is not None


def folder_of(path: str) -> str:
    """The folder that a file is in."""
    return str(_parts(path).parent)


def model_of_folder(path: str) -> str:
    """The model that the folders of such rows name; "" where they name none. For the slash of a name lm-evaluation-
    harness writes two underscores, verifiers two hyphens."""
    found = _parts(path)
    if ROLLOUTS.fullmatch(found.name):
        _, _, model = found.parent.parent.name.partition("--")
        return model.replace("--", "/", 1)
    folder = found.parent.name
    return folder.replace("__", "/", 1) if SAMPLES.fullmatch(found.name) and folder.lower() not in NO_MODELS else ""


def is_results(row: Any) -> bool:
    """Whether a document is the results of a run of lm-evaluation-harness."""
    scores = row.get("results") if isinstance(row, Mapping) else None
    return isinstance(scores, Mapping) and ("configs" in row or "n-shot" in row or "versions" in row)


def is_metadata(row: Any) -> bool:
    """Whether a document is the metadata of an evaluation of verifiers."""
    return isinstance(row, Mapping) and all(name in row for name in ("env_id", "model", "num_examples"))


def read_document(row: Any) -> Mapping[str, JSON] | None:
    """What such a document says of every row: the model and the temperature, as far as it does; None for any other."""
    if is_metadata(row):
        sampling = row.get("sampling_args")
        return _stated(row["model"], sampling.get("temperature") if isinstance(sampling, Mapping) else None)
    if not is_results(row):
        return None
    config = row.get("config")
    told = config if isinstance(config, Mapping) else {}
    arguments = told.get("model_args")
    if isinstance(arguments, Mapping):
        arguments = ",".join(f"{name}={value}" for name, value in arguments.items())
    found = ARGUMENT.search(arguments) if isinstance(arguments, str) else None
    return _stated(row.get("model_name") or (found[1].strip() if found else ""), None)


def _stated(model: Any, temperature: Any) -> dict[str, JSON]:
    named: dict[str, JSON] = {"model": model} if isinstance(model, str) and model else {}
    return {**named, **({"temperature": temperature} if type(temperature) in (int, float) else {})}


def with_document(row: Row, said: Mapping[str, JSON]) -> Row:
    """A row with what the document beside it says of all rows, where the row does not say it."""
    if "resps" not in row and "completion" not in row:
        return row
    return {**row, **{name: value for name, value in said.items() if row.get(name) is None}}


def is_beside(row: Row) -> bool:
    """Whether a row stands for a document beside rows."""
    return len(row) == 1 and BESIDE in row


def read_beside(_row: Row) -> list[ForeignTrace]:
    """No trace: the document is counted under the name of its shape, and passed over."""
    return []


def _parts(path: str) -> PurePosixPath:
    return PurePosixPath(path.replace("\\", "/"))
