"""What a row of traces says of its problem besides its question: enough to make the problem where it is not here."""

from collections.abc import Mapping

from trajectories.core.completions.messages import object_in
from trajectories.core.importers.foreign_traces import Row
from trajectories.core.importers.row_fields import meta_of
from trajectories.core.problems.layouts import NO_ANSWERS
from trajectories.core.problems.sides import said_side
from trajectories.core.records import JSON

REFERENCES = (
    *("expected_answer", "ground_truth", "reference_answer", "correct_answer", "gold", "gold_answer", "gts", "gt"),
    *("target", "final_answer", "reference", "answer", "answerKey", "answer_key", "label"),
)
"""Names of a reference answer, the surest first."""

CHOICES = ("choices", "options")
WORKED = "ground_truth_solution"
"""What OpenThoughts calls the worked solution."""

INSIDE = {"answer": ("reward_model", "ground_truth"), "split": ("extra_info", "split"), "family": ("ability", "")}
"""Where rows of verl have what a question has: in an object, or under a name of their own."""

BESIDE = ("choices", "options", "solution", "kind", "family", "category", "subject", "level", "difficulty", "split")
"""What else a question may have, as files of questions do."""


def question_row(row: Row, question: str, *, name: str = "") -> Row:
    """The row of a file of questions that asks what a row of traces asks; {} where it asks nothing."""
    if not question.strip():
        return {}
    stated = {key: value for key, value in _without_metrics(row).items() if value not in (None, "")}
    told = {**meta_of(row), **_inside(row), **stated}
    reference = next((told[key] for key in REFERENCES if _is_reference(key, told.get(key))), None)
    beside = {key: told[key] for key in BESIDE if _is_beside(key, told.get(key))}
    if isinstance(told.get(WORKED), str):
        beside = {"solution": told[WORKED], **beside}
    named = {"name": name} if name and not name.isdigit() else {}
    return {"question": question, "answer": reference, **beside, **named}


def _without_metrics(row: Row) -> Row:
    """The row without its metrics, which may be called like a reference: `correct_answer` is a reward of verifiers."""
    metrics = row.get("metrics")
    if isinstance(metrics, Mapping):
        row = {name: value for name, value in row.items() if name not in metrics or value != metrics[name]}
    if has_reward_and_answer(row):
        return {name: value for name, value in row.items() if name not in REFERENCES or not is_bare_score(value)}
    return row


def has_reward_and_answer(row: Row) -> bool:
    """Whether a row is a rollout whose reference is a text, so that no bare number is."""
    stated = row.get("answer")
    return "reward" in row and isinstance(stated, str) and bool(stated.strip())


def is_bare_score(value: JSON) -> bool:
    """Whether a value is true, false, 1 or 0, and so as well a score as an answer."""
    return isinstance(value, bool | int | float) and value in (0, 1)


def _inside(row: Row) -> dict[str, JSON]:
    """What rows of verl say inside of their objects, and `info` of an environment."""
    found: dict[str, JSON] = {}
    for name, (column, key) in INSIDE.items():
        value = object_in(row.get(column))
        inner = value.get(key) if isinstance(value, Mapping) else None if key else value
        found |= {name: inner} if inner is not None else {}
    info = object_in(row.get("info"))
    stated = info.get("answer") if isinstance(info, Mapping) else None
    return ({"answer": stated} if stated is not None else {}) | found


def _is_beside(name: str, value: JSON) -> bool:
    """Whether a value says something of a question. A part of a data set that is none of the two sides says nothing."""
    if name == "split" and isinstance(value, str):
        return said_side(value) is not None
    return isinstance(value, str | int | list) or (name in CHOICES and isinstance(value, Mapping))


def _is_reference(name: str, value: JSON) -> bool:
    """Whether a value can be a reference: true and false are answers to a question, and no label of a completion."""
    if isinstance(value, Mapping):
        return "value" in value
    if isinstance(value, bool) and name == "label":
        return False
    if isinstance(value, str) and value.strip().lower() in NO_ANSWERS:
        return False
    return isinstance(value, str | int | float | list) and value not in ("", [])
