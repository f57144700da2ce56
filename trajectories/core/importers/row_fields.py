"""What rows of several shapes say under the same names: their problem, their model, their temperature, their tokens."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from trajectories.core.completions.hidden_errors import is_broken_off
from trajectories.core.completions.messages import object_in
from trajectories.core.completions.replies import finish_reason_of
from trajectories.core.completions.usage import MOST, read_usage
from trajectories.core.importers.foreign_traces import ProblemKey, Row
from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import check_text
from trajectories.core.records import JSON, FinishReason, Usage

QUESTIONS = ("question", "problem", "Problem", "Question", "prompt", "query", "instruction", "input")
"""Columns that hold what was asked, best first."""

ABOUT = ("input", "context")
"""What an instruction is about, in a column of its own."""

SYSTEM = ("system", "system_prompt", "system_message")
MODELS = (
    *("model", "model_name", "model_id", "generation_model", "response_model", "generator"),
    *("models", "model_names", "generation_models"),
)
"""What a row may call its model, or its models one by one."""

FINISHES = ("finish_reasons", "finish_reason", "stop_reason")
TOKENS = ("num_generated_tokens", "generated_tokens", "output_tokens", "completion_tokens")
DIGITS = 12
"""Fewer digits than these has a number of tokens that a table wrote as text."""

DIGITS_OF_ID = 18
"""Fewer digits than these has the number of a trace."""

INPUTS = ("num_input_tokens", "num_prompt_tokens", "input_tokens", "prompt_tokens")
_COUNTS = frozenset((*TOKENS, *INPUTS))
NO_USAGE = Usage()
NUMBERS = (
    *("rollout_id", "rollout", "rollout_index", "rollout_idx", "_ng_rollout_index", "trial", "sample_index"),
    *("sample_idx", "sample_number", "generation_index", "completion_index", "repeat", "attempt", "seed"),
)
"""Where a row says which sample of its problem it is."""
_NUMBERS = frozenset(NUMBERS)

NAMES = ("task_id", "unique_id", "id")
"""What may name the problem of a row that says nothing else of it; of an answer of a provider `id` is its own."""


def read_key(row: Row, question: str, custom_id: str = "") -> ProblemKey:
    """How a row names its problem. Raises ProblemError where it does not."""
    named = {**meta_of(row), **row}
    key = ProblemKey(
        text_at(named, "problem_hash"),
        text_at(named, "problem_id"),
        (text_at(row, "question") or question).strip(),
        check_text(custom_id, "custom_id"),
    )
    if not str(key) and "choices" not in row and "object" not in row:
        names = (named[name] for name in NAMES if isinstance(named.get(name), str) and named[name].strip())
        key = ProblemKey(custom_id=check_text(next(names, ""), "id"))
    if not str(key):
        raise ProblemError("", 'found no "problem_id", "problem_hash" or "question", expected one of them')
    return key


def sample_number(row: Row) -> dict[str, JSON]:
    """The fact which sample of its problem a row is, where it says so: the same words twice are two traces."""
    if _NUMBERS.isdisjoint(row):
        return {}
    told = (row.get(name) for name in NUMBERS)
    number = next((each for each in told if type(each) is int and 0 <= each < MOST), None)
    return {} if number is None else {"alternative": number}


def meta_of(row: Row) -> dict[str, JSON]:
    """What a row says in its "meta" or "metadata"."""
    found: dict[str, JSON] = {}
    for name in ("metadata", "meta"):
        value = object_in(row.get(name))
        found |= value if isinstance(value, dict) else {}
    return found


def hash_of_meta(row: Row) -> dict[str, JSON]:
    """The hash of the problem, where a row says it there, under its key."""
    return {key: value for key, value in meta_of(row).items() if key == "problem_hash"}


def trace_id_of(row: Row) -> int:
    """The number that a row, or what it says in its "meta", calls its trace by; 0 for none."""
    value = row.get("trace_id", meta_of(row).get("trace_id"))
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < DIGITS_OF_ID:
        value = int(value)
    return value if type(value) is int and 0 < value < 10**DIGITS_OF_ID else 0


def model_of_meta(row: Row) -> str:
    """The model, where a row says it there; else an empty text."""
    meta = meta_of(row)
    return text_at(meta, "model") or text_at(meta, "sampler")


def model_of(row: Row) -> str:
    """The model of a row under any of its names, in the row itself or beside it; else an empty text."""
    others = (row[name] for name in MODELS if isinstance(row.get(name), str))
    return text_at(row, "model") or check_text(next(others, ""), "model") or model_of_meta(row)


def asked_in(row: Row) -> str:
    """What a row asks under any of the usual names; an instruction with what it is about. An empty text for nothing."""
    found = next((name for name in QUESTIONS if isinstance(row.get(name), str) and str(row[name]).strip()), "")
    asked = check_text(str(row[found]), found) if found else ""
    if found != "instruction":
        return asked
    about = next((str(row[name]) for name in ABOUT if isinstance(row.get(name), str) and str(row[name]).strip()), "")
    return f"{asked}\n\n{check_text(about, 'input')}" if about else asked


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
    if isinstance(value, str):
        value = _number(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise ProblemError("temperature", f"found {describe(row['temperature'])}, expected a number from 0 to 100")
    return float(value)


def _number(text: str) -> float | None:
    """The number that a text is, as tables write it; None for another text."""
    try:
        return float(text)
    except ValueError:
        return None


def finish_of(row: Row) -> JSON:
    """Why the text of a row ended, in the row's own word; None where it says nothing."""
    return next((row[name] for name in FINISHES if isinstance(row.get(name), str)), None)


def usage_of(row: Row) -> tuple[Usage, Decimal | None]:
    """The tokens of a row, and what it cost by its own word."""
    counted = read_usage(row.get("usage")) or read_usage(row.get("token_usage"))
    if counted is not None:
        return counted.usage, counted.cost
    if _COUNTS.isdisjoint(row):
        return NO_USAGE, None
    return Usage(input_tokens=_count(row, INPUTS), output_tokens=_count(row, TOKENS)), None


def _count(row: Row, names: Sequence[str]) -> int:
    """A number of tokens under the first of its names; 0 for none."""
    told: Any = (row[name] for name in names if row.get(name) is not None)
    read = (int(one) if isinstance(one, str) and one.isdecimal() and len(one) < DIGITS else one for one in told)
    return min(next((int(one) for one in read if type(one) in (int, float) and 0 <= one < float("inf")), 0), MOST)


def finished(value: JSON, response: str) -> FinishReason:
    """Why a response ended, by what its row says of it. Raises ProblemError for one that was broken off."""
    if is_broken_off(value):
        raise ProblemError("finish_reason", f"found {describe(value)}, a text broken off; expected a finished one")
    return finish_reason_of(value, response)
