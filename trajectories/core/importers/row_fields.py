"""What rows of several shapes say under the same names: their problem, their model, their temperature."""

from collections.abc import Mapping, Sequence
from typing import Any

from trajectories.core.completions.hidden_errors import is_broken_off
from trajectories.core.completions.replies import finish_reason_of
from trajectories.core.importers.foreign_traces import ProblemKey, Row
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import check_text
from trajectories.core.records import JSON, FinishReason


def read_key(row: Row, question: str, custom_id: str = "") -> ProblemKey:
    """How a row names its problem. Raises ProblemError where it does not."""
    named = {**meta_of(row), **row}
    key = ProblemKey(
        text_at(named, "problem_hash"),
        text_at(named, "problem_id"),
        (text_at(row, "question") or question).strip(),
        check_text(custom_id, "custom_id"),
    )
    if not str(key):
        raise ProblemError("", 'found no "problem_id", "problem_hash" or "question", expected one of them')
    return key


def meta_of(row: Row) -> dict[str, JSON]:
    """What a row says in its "meta" or "metadata"."""
    found: dict[str, JSON] = {}
    for name in ("metadata", "meta"):
        value = row.get(name)
        found |= value if isinstance(value, dict) else {}
    return found


def hash_of_meta(row: Row) -> dict[str, JSON]:
    """The hash of the problem, where a row says it there, under its key."""
    return {key: value for key, value in meta_of(row).items() if key == "problem_hash"}


def model_of_meta(row: Row) -> str:
    """The model, where a row says it there; else an empty text."""
    meta = meta_of(row)
    return text_at(meta, "model") or text_at(meta, "sampler")


def last_question(messages: Sequence[Row]) -> str:
    """What the user said last; an empty text where they said nothing."""
    return next((str(message["content"]) for message in reversed(messages) if message["role"] == "user"), "")


def text_at(row: Mapping[str, Any], name: str, *, path: str = "", needed: bool = False) -> str:
    """Text or a number as text; an empty text where there is none."""
    value = row.get(name)
    if value is None and not needed:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ProblemError(f"{path}{name}", f"found {describe(value)}, expected text")
    return check_text(str(value), f"{path}{name}")


def temperature_of(row: Row) -> float:
    """The temperature that a row states, 0 where it states none. Raises ProblemError."""
    value = row.get("temperature")
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise ProblemError("temperature", f"found {describe(value)}, expected a number from 0 to 100")
    return float(value)


def finished(value: JSON, response: str) -> FinishReason:
    """Why a response ended, by what its row says of it. Raises ProblemError for one that was broken off."""
    if is_broken_off(value):
        raise ProblemError("finish_reason", f"found {describe(value)}, a text broken off; expected a finished one")
    return finish_reason_of(value, response)
