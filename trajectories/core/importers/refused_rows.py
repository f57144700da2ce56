"""Rows that hold no trace: known by their name, so that a fault says what they are and what to do with them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trajectories.core.importers.annotated_rows import is_pairwise
from trajectories.core.importers.batch_rows import has_embeddings, is_chunk, is_example
from trajectories.core.importers.beside_rows import is_metadata, is_results
from trajectories.core.importers.foreign_traces import Row
from trajectories.core.importers.generation_rows import WRITTEN
from trajectories.core.importers.preference_pairs import ADVICE, NAME, is_pair

EXPECTED = 'expected one of "response", "messages", "choices", "generations", "completion" or "trace"'


@dataclass(frozen=True, slots=True)
class Refused:
    """A shape that is refused: how it is known, what it is called, and what to do instead."""

    name: str
    is_one: Callable[[Row], bool]
    advice: str


def _has(*names: str) -> Callable[[Row], bool]:
    return lambda row: all(name in row for name in names)


def _is_recording(row: Row) -> bool:
    data = row.get("data")
    return "timestamp" in row and isinstance(data, dict) and "game_id" in data and "frame" in data


TASK = re.compile(r"[0-9a-f]{8}")
"""How tasks of ARC are named."""

SHEPHERD = "\u043a\u0438"
"""What Math-Shepherd writes behind each step: two letters that no solution has."""

TOKEN_IDS = ("completion_ids", "completion_token_ids", "response_ids", "output_ids", "token_ids")
"""Where trainers keep what was sampled as numbers of tokens."""

REQUESTS = (("custom_id", "method", "url"), ("custom_id", "params"), ("key", "request"), ("recordId", "modelInput"))
"""Keys of a line that was sent to a batch service and did not come back."""


def _is_of_tasks(is_task: Callable[[Any], bool]) -> Callable[[Row], bool]:
    """Whether every value of a row is such a thing, whatever the tasks are called."""
    return lambda row: bool(row) and all(is_task(value) for value in row.values())


def _is_challenge(task: Any) -> bool:
    return isinstance(task, dict) and isinstance(task.get("train"), list) and isinstance(task.get("test"), list)


def _is_solution(task: Any) -> bool:
    grids = task if isinstance(task, list) else []
    return bool(grids) and all(isinstance(grid, list) and bool(grid) and all(map(_is_line, grid)) for grid in grids)


def _is_line(line: Any) -> bool:
    return isinstance(line, list) and bool(line) and all(isinstance(cell, int) for cell in line)


def _is_measured(row: Row) -> bool:
    """Whether every value under the name of an ARC task is an object of figures."""
    return bool(row) and all(TASK.fullmatch(str(name)) and _are_figures(value) for name, value in row.items())


def _are_figures(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and all(isinstance(each, int | float) for each in value.values())


def _is_shepherd(row: Row) -> bool:
    asked, label = row.get("input"), row.get("label")
    return isinstance(asked, str) and isinstance(label, str) and SHEPHERD in asked and "output" not in row


def _is_helm(row: Row) -> bool:
    return ("adapter_spec" in row and "request_states" in row) or (
        "instance_id" in row and any(name in row for name in ("stats", "predicted_text", "request"))
    )


def _is_report_of_promptfoo(row: Row) -> bool:
    results = row.get("results")
    return isinstance(results, dict) and isinstance(results.get("results"), list)


REFUSED = (
    Refused(
        "a chunk of an answer that was streamed",
        is_chunk,
        "it is no whole answer: put its chunks together, or ask without streaming",
    ),
    Refused(
        "embeddings",
        has_embeddings,
        "they are numbers and no text of a model: there is nothing to import",
    ),
    Refused(
        "challenges of the ARC Prize",
        _is_of_tasks(_is_challenge),
        "they are tasks without an answer of a model: import them as problems, with their solutions",
    ),
    Refused(
        "solutions of the ARC Prize",
        _is_of_tasks(_is_solution),
        "they are the right answers: import them as problems, together with their challenges",
    ),
    Refused(
        "the metadata of re-arc",
        _is_measured,
        "it has figures of tasks and no answer of a model: leave it out",
    ),
    Refused(
        "an example of a task of re-arc",
        is_example,
        "it has no answer of a model: import it as a problem, its pairs divided into train and test",
    ),
    Refused(
        "results of lm-evaluation-harness",
        is_results,
        "they are scores of whole tasks: send the samples_*.jsonl (“--log_samples”); in a zip beside these they name "
        "the model",
    ),
    Refused(
        "a report of promptfoo",
        _is_report_of_promptfoo,
        "its rows are inside: write them as lines (“promptfoo eval --output results.jsonl”)",
    ),
    Refused(
        "a row of Math-Shepherd",
        _is_shepherd,
        'its steps stand in one text: cut it at the marks, and write {"prompt", "completions", "labels"}',
    ),
    Refused(
        "a file of HELM",
        _is_helm,
        "its requests and answers are inside of scenario_state.json: write one row for each, with “request.prompt” as "
        "prompt and the text of its completion as response",
    ),
    Refused(
        "a rollout of a trainer (prime-rl, verl)",
        lambda row: any(isinstance(row.get(name), list) for name in TOKEN_IDS),
        "it has numbers of tokens and no text: decode them with the model's tokenizer",
    ),
    Refused(
        "a choice between two answers of Label Studio",
        is_pairwise,
        "two answers to one prompt: write one task for each, with its text as response",
    ),
    Refused(
        "a recording of ARC-AGI-3",
        _is_recording,
        "its frames have 64 x 64 cells of 16 colours, which no problem here has; see docs/worlds.md",
    ),
    Refused(
        "an event of a log of OpenAI evals",
        _has("run_id", "event_id", "type"),
        "its lines belong together: send the whole log, from the line with the spec on",
    ),
    Refused(
        "a request of a batch",
        lambda row: any(all(name in row for name in names) for names in REQUESTS),
        "it has no answer of a model: send the file that came back",
    ),
    Refused(NAME, is_pair, ADVICE),
    Refused(
        "a log of inspect without samples",
        lambda row: isinstance(row.get("eval"), dict) and "status" in row,
        "it has none, as one that was broken off: send one that has some",
    ),
    Refused(
        "a summary of a sample of inspect",
        _has("epoch", "input", "target"),
        "it has no answer of a model: send the log itself (.eval)",
    ),
    Refused(
        "the metadata beside results of verifiers",
        is_metadata,
        "it has no answer of a model: send results.jsonl alone; in a zip beside it it names the model",
    ),
    Refused(
        "scores of arc-agi-benchmarking",
        _has("score", "task_results"),
        "it has no answer of a model: send the files of the tasks",
    ),
    Refused(
        "a task of NeMo Gym",
        _has("responses_create_params"),
        "it has no answer of a model: send the rollouts that were collected of it",
    ),
    Refused("an ARC task", _has("train", "test"), "it has no answer of a model: import it as a problem"),
    Refused(
        "generations that are written as text",
        lambda row: any(isinstance(row.get(name), str) for name in WRITTEN),
        "write them as a list of texts in JSON; what numpy shows, without commas, cannot be told apart",
    ),
    Refused(
        "a question with a worked solution",
        lambda row: "solution" in row and ("problem" in row or "question" in row),
        "it has no answer of a model: import it as problems",
    ),
    Refused(
        "a row of verl",
        _has("prompt", "reward_model"),
        "it has no answer of a model: import it as problems",
    ),
    Refused(
        "a question",
        lambda row: any(name in row for name in ("question", "problem", "Question", "Problem", "prompt", "query")),
        'it has no answer of a model: import it as problems, or give the answer as "response"',
    ),
)


def why_refused(row: Row) -> str:
    """Why a row that is of no shape is refused, in words."""
    for shape in REFUSED:
        if shape.is_one(row):
            return f"found {shape.name}, expected traces; {shape.advice}"
    names = ", ".join(repr(str(name)[:30]) for name in list(row)[:8])
    return f"found {'an object with ' + names if names else 'an empty object'}, {EXPECTED}"
