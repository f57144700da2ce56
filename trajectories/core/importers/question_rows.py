"""What a row of traces says of its problem besides its question: enough to make the problem where it is not here."""

from collections.abc import Mapping

from trajectories.core.importers.foreign_traces import Row
from trajectories.core.importers.row_fields import meta_of
from trajectories.core.records import JSON

REFERENCES = (
    *("expected_answer", "ground_truth", "reference_answer", "correct_answer", "gold", "target", "final_answer"),
    *("reference", "answer", "label"),
)
"""Names of a reference answer, the surest first."""

BESIDE = ("choices", "options", "solution", "kind", "family", "category", "subject", "level", "difficulty", "split")
"""What else a question may have, as files of questions do."""


def question_row(row: Row, question: str, *, name: str = "") -> Row:
    """The row of a file of questions that asks what a row of traces asks; {} where it asks nothing."""
    if not question.strip():
        return {}
    told = {**meta_of(row), **row}
    reference = next((told[key] for key in REFERENCES if _is_reference(told.get(key))), None)
    beside = {key: told[key] for key in BESIDE if told.get(key) is not None and isinstance(told[key], str | int | list)}
    named = {"name": name} if name and not name.isdigit() else {}
    return {"question": question, "answer": reference, **beside, **named}


def _is_reference(value: JSON) -> bool:
    if isinstance(value, Mapping):
        return "value" in value
    return isinstance(value, str | int | float | list) and value not in ("", [])
