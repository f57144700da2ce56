"""Rows that hold no trace: known by their name, so that a fault says what they are and what to do with them."""

from collections.abc import Callable
from dataclasses import dataclass

from trajectories.core.importers.foreign_traces import Row

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


PAIRS = (
    ("chosen", "rejected"),
    ("preferred_output", "non_preferred_output"),
    ("conversation_a", "conversation_b"),
    ("response_a", "response_b"),
    ("chosen_response", "rejected_response"),
)
"""Names of the two answers of a pair."""

REJECTED = ("rejected", "rejected_response", "rejected_messages", "rejected_output", "non_preferred_output")
"""Where a row has the answer that was not preferred, whatever the other one is called (`messages`, `response`)."""

REQUESTS = (("custom_id", "method", "url"), ("custom_id", "params"), ("key", "request"), ("recordId", "modelInput"))
"""Keys of a line that was sent to a batch service and did not come back."""


def is_pair(row: Row) -> bool:
    """Whether a row has two answers to one prompt, one of them preferred."""
    if any(isinstance(row.get(name), str | list | dict) and row[name] for name in REJECTED):
        return True
    return any(all(name in row for name in names) for names in PAIRS)


REFUSED = (
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
    Refused(
        "a pair of preferences",
        is_pair,
        "two answers to one prompt: write one row for each, with its text as response",
    ),
    Refused(
        "a log of inspect without samples",
        lambda row: isinstance(row.get("eval"), dict) and "status" in row,
        "it has none, as one that was broken off: send one that has some",
    ),
    Refused(
        "the metadata beside results of verifiers",
        _has("env_id", "model", "num_examples"),
        "it has no answer of a model: send results.jsonl alone",
    ),
    Refused(
        "scores of arc-agi-benchmarking",
        _has("score", "task_results"),
        "it has no answer of a model: send the files of the tasks",
    ),
    Refused("an ARC task", _has("train", "test"), "it has no answer of a model: import it as a problem"),
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
