"""Scores of other tools as verdicts: a letter, a word, true or false, a number, or several of them under names.

A score from 0 to 1 is a verdict that passes at 1 and fails below. Whatever is no such score (a perplexity, a grade from
1 to 10, a text) is kept as it is in a verdict without outcome: nothing of a file is dropped. So is a number whose name
says that it counts (`num_turns`), as one turn is no success.
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from trajectories.core.problems import describe
from trajectories.core.problems.documents import check_text
from trajectories.core.records import JSON, Outcome, VerdictRecord

LONGEST_VERIFIER = 40
LONGEST_MESSAGE = 300
MOST_NESTED = 3
"""Levels of objects in a score; a list or an object below stays what it is."""

GRADES: Mapping[str, float] = {
    **dict.fromkeys(("c", "correct", "pass", "passed", "yes", "true", "right", "success"), 1.0),
    **dict.fromkeys(("i", "incorrect", "fail", "failed", "no", "false", "wrong", "failure"), 0.0),
    **dict.fromkeys(("p", "partial"), 0.5),
    **dict.fromkeys(("n", "noanswer", "no answer"), 0.0),
}
"""What words and inspect's letters are worth; N is an answer that was not given."""


COUNTS = re.compile(
    r"(?:.*[ /])?(?:(?:num|total)_(?!.*(?:scores?|rewards?)$).*|(?:.*_)?"
    r"(?:calls?|tokens?|turns?|steps?|ms|seconds|secs|counts?|duration|latency|elapsed|chars|words))",
    re.IGNORECASE,
)
"""Names of numbers that count or measure something, behind who counted: 0 and 1 of them are no verdicts."""


def kept_whole(by: str, value: JSON, beside: Mapping[str, JSON] | None = None) -> list[VerdictRecord]:
    """The verdicts of what `by` said of a text: those of its score, or one without an outcome of an object, such as a
    marked part of the text, whose numbers are no scores."""
    if isinstance(value, Mapping):
        return [_record(by, value, None, dict(beside or {}), "")]
    return read_score(by, value, beside)


def read_score(by: str, value: JSON, beside: Mapping[str, JSON] | None = None, said: str = "") -> list[VerdictRecord]:
    """The verdicts of one score that `by` gave: several where it has several values.

    `beside` is what the file keeps with it, and `said` what it says in words.
    """
    return list(_verdicts(by, value, dict(beside or {}), said, 0))


def _verdicts(by: str, value: JSON, beside: dict[str, JSON], said: str, depth: int) -> Iterator[VerdictRecord]:
    if isinstance(value, Mapping) and value and depth < MOST_NESTED:
        for name, inner in value.items():
            yield from _verdicts(f"{by}/{name}", inner, beside, said, depth + 1)
        return
    parts = isinstance(value, list) and value and not any(isinstance(each, str | Mapping) for each in value)
    if isinstance(value, list) and parts and depth < MOST_NESTED:  # a ranking or spans of a text stay whole
        for place, inner in enumerate(value):
            yield from _verdicts(f"{by}/{place}", inner, beside, said, depth + 1)
        return
    yield _verdict(by, value, beside, said)


def _verdict(by: str, value: JSON, beside: dict[str, JSON], said: str) -> VerdictRecord:
    counts = COUNTS.fullmatch(by) is not None and not isinstance(value, bool)
    return _record(by, value, None if counts else share_of(value), beside, said)


def _record(by: str, value: JSON, share: float | None, beside: dict[str, JSON], said: str) -> VerdictRecord:
    outcome = Outcome.UNSCORED if share is None else Outcome.PASS if share == 1 else Outcome.FAIL
    told = value if isinstance(value, str) and len(value) <= 40 else describe(value)
    message = f"{told}: {said}" if said else str(told)
    return VerdictRecord(
        verifier=shortened(check_text(by, "score")),
        version=0,
        outcome=outcome,
        message=check_text(message, "score")[:LONGEST_MESSAGE],
        score=share,
        evidence={"value": value, **beside},
    )


def share_of(value: JSON) -> float | None:
    """What a score is worth from 0 to 1; None for what is no such score."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        word = value.strip().lower()
        return GRADES[word] if word in GRADES else _number(word)
    if isinstance(value, int | float):
        return float(value) if 0 <= value <= 1 else None
    return None


def _number(word: str) -> float | None:
    try:
        value = float(word)
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 <= value <= 1 else None


def shortened(name: str) -> str:
    """The name of a verifier as long as its column takes it; a longer one keeps its end, which tells it apart."""
    if len(name) <= LONGEST_VERIFIER:
        return name
    return f"{name[:15]}…{name[-(LONGEST_VERIFIER - 16) :]}"


def texts_of(value: Any) -> list[str]:
    """The texts of a list, or one text as a list of one."""
    found = value if isinstance(value, list) else [value]
    return [each for each in found if isinstance(each, str)]
