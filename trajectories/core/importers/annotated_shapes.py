"""Exports of annotation tools that are flat or of another version, brought into the one shape that is read.

- Label Studio's JSON-MIN: the data of a task and what one annotation says of it, side by side in one object, with
  `annotator` and `annotation_id`; before version 1 `completions` in place of `annotations`
- Argilla 1: `responses` a list with one entry for each person, {"user_id", "status", "values": {question: {"value"}}},
  and `suggestions` a list too; from the Hub each question a column of [{"user_id", "value", "status"}], with
  `QUESTION-suggestion` beside it
- Argilla 2, flattened as `to_datasets` does: `QUESTION.responses`, `.responses.users`, `.responses.status`,
  `QUESTION.suggestion`, `.suggestion.score`, `.suggestion.agent`
"""

from collections.abc import Mapping
from typing import Any

from trajectories.core.importers.decisions import decision_of
from trajectories.core.importers.foreign_traces import Row
from trajectories.core.importers.question_rows import REFERENCES
from trajectories.core.problems import ProblemError, describe
from trajectories.core.records import JSON

ANSWERS = (
    *("response", "completion", "generation", "model_response", "model_output", "output", "answer", "prediction"),
    "text",
)
QUESTIONS = ("question", "prompt", "problem", "instruction", "query", "input")
SAID = ("choices", "rating", "text", "number", "taxonomy", "ranker", "labels", "selected")
"""What the object of one result holds, one of these."""

MIN_MARKS = ("annotator", "annotation_id")
MIN_REST = frozenset((*MIN_MARKS, "id", "created_at", "updated_at", "lead_time", "agreement", "history"))
LISTED, USERS, STATUS = ".responses", ".responses.users", ".responses.status"
SUGGESTED = ".suggestion"
HUB_SUGGESTED = "-suggestion"
NO_FIELDS = frozenset(("id", "status", "_server_id", "external_id", "metadata", "vectors", "inserted_at", "updated_at"))


def is_min(row: Row) -> bool:
    """Whether a row is of Label Studio's JSON-MIN."""
    return all(name in row for name in MIN_MARKS) and "data" not in row


def nested_min(row: Row) -> Row:
    """A row of JSON-MIN as a task with one annotation. Its keys come in order: the data, `id`, what was said, the
    annotator; without that order, or where the data have an `id` too, every key that is no data by its value is
    something said."""
    names = list(row)
    start = names.index("id") + 1 if "id" in row and names.index("id") < names.index("annotator") else 0
    said = [name for name in names[start : names.index("annotator")] if name not in MIN_REST] if start else []
    if not start or not any(isinstance(row[name], str | list) for name in names[: start - 1]):
        said = [name for name in names if name not in MIN_REST and _is_said(name, row[name])]
    data = {name: value for name, value in row.items() if name not in MIN_REST and name not in said}
    result: list[JSON] = [{"from_name": name, "value": _min_value(row[name])} for name in said]
    return {"data": data, "annotations": [{"completed_by": row["annotator"], "result": result}]}


def _is_said(name: str, value: JSON) -> bool:
    """Whether a value is what somebody said of a task: a decision, or an object as results have it."""
    if name in (*ANSWERS, *QUESTIONS, *REFERENCES):
        return False
    entries = value if isinstance(value, list) else [value]
    are_results = bool(entries) and all(isinstance(one, Mapping) and any(key in one for key in SAID) for one in entries)
    return are_results or decision_of(value) is not None


def _min_value(value: JSON) -> dict[str, JSON]:
    """What one question was answered with, as a full export has it."""
    entry = value[0] if isinstance(value, list) and len(value) == 1 else value
    return dict(entry) if isinstance(entry, Mapping) else {"text": entry}


def is_flat_argilla(row: Row) -> bool:
    """Whether a row is a record of Argilla whose responses are columns."""
    if not any(name.endswith((LISTED, SUGGESTED, HUB_SUGGESTED)) for name in row):
        return False
    return any(
        _users_of(row, name) is not None or _is_hub_question(row, name) or _is_suggested(row, name) for name in row
    )


def _users_of(row: Row, name: str) -> list[JSON] | None:
    """Who answered the question of a column; [] where nobody has yet, None for a column of another kind."""
    if not name.endswith(LISTED) or f"{name}.users" not in row:
        return None
    users = row[f"{name}.users"]
    return users if isinstance(users, list) else []


def _is_suggested(row: Row, name: str) -> bool:
    return name.endswith(SUGGESTED) and f"{name}.agent" in row


def _is_hub_question(row: Row, name: str) -> bool:
    value = row[name]
    answers = value if isinstance(value, list) else []
    told = all(isinstance(one, Mapping) and "user_id" in one and "value" in one for one in answers)
    return told and f"{name}{HUB_SUGGESTED}" in row


def nested_argilla(row: Row) -> Row:
    """A record of Argilla in any of its shapes as version 2 nests it. Raises ProblemError."""
    if not isinstance(row.get("fields"), Mapping):
        return _from_columns(row)
    nested = dict(row)
    if isinstance(row.get("responses"), list):
        nested["responses"] = _by_question(row["responses"])
    if isinstance(row.get("suggestions"), list):
        given = row["suggestions"]
        named = [one for one in given if isinstance(one, Mapping)]
        nested["suggestions"] = {str(one.get("question_name") or one.get("question_id")): dict(one) for one in named}
    return nested


def _by_question(responses: list[Any]) -> dict[str, list[JSON]]:
    found: dict[str, list[JSON]] = {}
    for at, response in enumerate(responses):
        values = response.get("values") if isinstance(response, Mapping) else None
        if not isinstance(values, Mapping):
            raise ProblemError(f"responses[{at}]", f"found {describe(response)}, expected an object with values")
        for question, value in values.items():
            said = {"user_id": response.get("user_id"), "status": response.get("status"), "value": value}
            found.setdefault(str(question), []).append(said)
    return found


def _from_columns(row: Row) -> Row:
    responses: dict[str, list[JSON]] = {}
    suggestions: dict[str, JSON] = {}
    taken: set[str] = set()
    for name, value in row.items():
        question = name.removesuffix(LISTED)
        if (users := _users_of(row, name)) is not None:
            responses[question] = _zipped(value, users, row.get(f"{question}{STATUS}"), name)
        elif name.endswith(SUGGESTED):
            question = name.removesuffix(SUGGESTED)
            suggestions[question] = {"value": value, **{key: row.get(f"{name}.{key}") for key in ("score", "agent")}}
        elif _is_hub_question(row, name):
            responses[question] = list(value)
            beside = row.get(f"{name}{HUB_SUGGESTED}-metadata")
            told = dict(beside) if isinstance(beside, Mapping) else {}
            suggestions[question] = {**told, "value": row[f"{name}{HUB_SUGGESTED}"]}
            taken.add(name)
    fields = {
        name: value
        for name, value in row.items()
        if name not in NO_FIELDS | taken and HUB_SUGGESTED not in name and LISTED not in name and SUGGESTED not in name
    }
    return {"fields": fields, "metadata": row.get("metadata"), "responses": responses, "suggestions": suggestions}


def _zipped(values: JSON, users: list[JSON], statuses: JSON, name: str) -> list[JSON]:
    """The answers of one question, each with who gave it. Raises ProblemError."""
    if values is None:
        return []
    if not isinstance(values, list) or len(values) != len(users):
        raise ProblemError(name, f"found {describe(values)}, expected an answer of each of {len(users)} people")
    known = statuses if isinstance(statuses, list) and len(statuses) == len(users) else [None] * len(users)
    return [
        {"value": value, "user_id": user, "status": how} for value, user, how in zip(values, users, known, strict=True)
    ]
