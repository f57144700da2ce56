"""Scores of other tools as verdicts: a letter, a word, true or false, a number, or several of them under names.

A score from 0 to 1 is a verdict that passes at 1 and fails below. Whatever is no such score (a perplexity, a grade from
1 to 10, a text) is kept as it is in a verdict without outcome: nothing of a file is dropped.
"""

import math
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
    if isinstance(value, list) and value and depth < MOST_NESTED and not any(isinstance(v, str) for v in value):
        for place, inner in enumerate(value):
            yield from _verdicts(f"{by}/{place}", inner, beside, said, depth + 1)
        return
    yield _verdict(by, value, beside, said)


def _verdict(by: str, value: JSON, beside: dict[str, JSON], said: str) -> VerdictRecord:
    share = share_of(value)
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
