"""What of a row does not come in, so that it is counted: columns that nobody reads, and what its traces leave out."""

from collections.abc import Iterable, Mapping

from trajectories.core.completions.messages import BLOCK_FIELDS, THOUGHT_FIELDS
from trajectories.core.importers.annotated_rows import CONVERSATIONS, told_data
from trajectories.core.importers.annotated_shapes import ANSWERS
from trajectories.core.importers.batch_rows import IDS
from trajectories.core.importers.distilled_rows import COLUMNS
from trajectories.core.importers.failed_rows import ERRORS
from trajectories.core.importers.foreign_traces import ForeignTrace, Row
from trajectories.core.importers.generation_rows import COMPLETE, FULL, LISTS, NUMBERED
from trajectories.core.importers.plain_rows import RESPONSES
from trajectories.core.importers.question_rows import BESIDE, INSIDE, REFERENCES, WORKED
from trajectories.core.importers.rollout_rows import flat_metrics
from trajectories.core.importers.row_fields import (
    ABOUT,
    FINISHES,
    INPUTS,
    MODELS,
    NAMES,
    NUMBERS,
    QUESTIONS,
    SYSTEM,
    TOKENS,
)
from trajectories.core.importers.row_prompts import MESSAGES
from trajectories.core.importers.row_scores import LABELS, is_check
from trajectories.core.records import JSON

OF_FACTS: Mapping[str, str] = {
    "alternatives_left_out": "other answers of samples",
    "annotations_cancelled": "cancelled annotations",
    "responses_not_submitted": "responses that were not submitted",
    "predictions_left_out": "predictions of which the file has the number alone",
    "drafts_left_out": "drafts of annotations",
    "samplings_left_out": "other texts that were sampled for the same sample",
    "completions_left_out": "other completions of steps",
    "flagged": "flagged completions of steps",
    "unanswered": "messages behind the last answer of a model",
    "retries": "attempts at samples that failed before",
    "branches": "other branches of conversations",
}
"""Facts of a trace that count what its row has besides, with what that is for people."""

PARTS = "left_out"
"""The fact that counts parts of messages that are no text, by their type."""

BASE = frozenset(
    (
        *(*QUESTIONS, *ABOUT, *SYSTEM, *MODELS, *FINISHES, *TOKENS, *INPUTS, *NAMES, *NUMBERS),
        *(*MESSAGES, *REFERENCES, *BESIDE, *THOUGHT_FIELDS, *BLOCK_FIELDS, *ERRORS, *IDS),
        *(*INSIDE["answer"][:1], *INSIDE["split"][:1], "ability", WORKED, "info", "meta", "metadata"),
        *("problem_hash", "problem_id", "trace_id", "temperature", "usage", "token_usage"),
    )
)
"""Columns that the rows of every flat shape are read for."""

FLAT: Mapping[str, frozenset[str]] = {
    "shared": frozenset(("conversations", "conversation")),
    "conversation": frozenset(("messages",)),
    "distilled": frozenset(name for one in COLUMNS for name in (one.thoughts, one.answer, one.grade)),
    "generated": frozenset((*LISTS, "generation", FULL, COMPLETE, "conversation", "messages", *LABELS)),
    "rollout": frozenset(
        ("completion", "reward", "metrics", "example_id", "_ng_task_index", "is_truncated", "stop_condition")
    )
    | {"sampling_args"},
    "instruction": frozenset((*RESPONSES, "history")),
    "plain": frozenset((*RESPONSES, "history")),
    "stepwise": frozenset(("steps", "completions", "label", "labels", "final_answer_correct")),
}
"""Shapes of rows with columns, and what each is read for besides."""

ANNOTATED = ("label-studio", "argilla")
OF_DATA = BASE | FLAT["plain"] | FLAT["shared"] | {*ANSWERS, *CONVERSATIONS}
"""What the data that people annotated are read for."""

OTHERS = "others"
MOST_NAMES = 100
"""Names that are counted one by one; what more there are is counted together."""


def unread_columns(shape: str, row: Row) -> list[str]:
    """The columns of a row of that shape that hold something and are not read; of records that people annotated those
    of their data, [] of other shapes whose rows are nested."""
    if shape in ANNOTATED:
        path, data = told_data(row)
        return [f"{path}{name}" for name, value in data.items() if name not in OF_DATA and _is_lost(name, value, data)]
    known = FLAT.get(shape)
    if known is None:
        return []
    known = known | flat_metrics(row).keys() if shape == "rollout" else known
    return [
        name for name, value in row.items() if name not in BASE and name not in known and _is_lost(name, value, row)
    ]


def _is_lost(name: str, value: JSON, row: Row) -> bool:
    if value is None or value in ("", [], {}) or is_check(name) or NUMBERED.fullmatch(name):
        return False
    metrics = row.get("metrics")
    return not (isinstance(metrics, Mapping) and name in metrics)


def unmapped_columns(row: Row, places: Iterable[str]) -> list[str]:
    """The columns of a row that none of the places that a person chose is in."""
    taken = {place if place in row else place.partition(".")[0] for place in places}
    return [name for name, value in row.items() if name not in taken and value not in (None, "", [], {})]


def left_out_of(traces: Iterable[ForeignTrace]) -> dict[str, int]:
    """How much the traces of a row leave out, by what it is. What each of several says of their row counts once."""
    found: dict[str, int] = {}
    for trace in traces:
        for name, count in trace.facts.items():
            title = OF_FACTS.get(name)
            if title is not None and type(count) is int and count > 0:
                found[title] = max(found.get(title, 0), count - (name == "branches"))
        parts = trace.facts.get(PARTS)
        for kind, count in parts.items() if isinstance(parts, Mapping) else ():
            if type(count) is int:
                named = f"parts of messages that are no text: {str(kind)[:40] or 'unnamed'}"
                found[named] = max(found.get(named, 0), count)
    return {name: count for name, count in found.items() if count > 0}


def add_counts(kept: dict[str, int], more: Mapping[str, int]) -> None:
    """Add counts by name to those that are kept, so many names at most."""
    for name, count in more.items():
        key = name[:80] if name[:80] in kept or len(kept) < MOST_NAMES else OTHERS
        kept[key] = kept.get(key, 0) + count
