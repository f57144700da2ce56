"""Scores in columns of their own beside a text: what a data set or whoever sampled it found out about the text."""

import re
from collections.abc import Mapping
from functools import lru_cache

from trajectories.core.importers.foreign_scores import read_score
from trajectories.core.records import JSON, VerdictRecord

CHECKS = re.compile(
    r"(?:.*_)?(?:correct(?:ness)?|judge?ments?|scores?|rewards?|pass(?:ed)?|accepted|verified|grades?|ratings?)(?:_.*)?",
    re.IGNORECASE,
)
"""Names of what was found out about a text."""

NO_CHECKS = re.compile(
    r".*(?:answer|option|choice|letter|index|solution|response|text|reason|explanation|rationale|feedback|comment|"
    r"model|prompt|type|name|count|rate|threshold|details?|metadata|language|chosen|rejected)s?|(?:.*_)?(?:pass|solve|win)_?rates?_.*",
    re.IGNORECASE,
)
"""Names that begin like one and mean something else: `correct_answer` is a reference, `pass_rate` is of many texts, and
`score_rejected` of another one."""

LABEL = "label"
"""Whether a completion is wanted, in unpaired preferences (TRL's KTO): true or false."""
LABELS = ("label", "labels")
"""The same beside generations, one for each."""

JUDGED = re.compile(r"\bjudge?ment\s*:\s*(yes|no)\b", re.IGNORECASE)


def checks_in(row: Mapping[str, JSON]) -> list[VerdictRecord]:
    """What the row found out about its one text."""
    return [verdict for name, value in row.items() for verdict in check_of(name, value)]


@lru_cache(maxsize=1024)
def is_check(name: str) -> bool:
    """Whether a column is called like something that was found out about a text."""
    return CHECKS.fullmatch(name) is not None and NO_CHECKS.fullmatch(name) is None


def check_of(name: str, value: JSON) -> list[VerdictRecord]:
    """The verdicts of a column, if it is one of what was found out: a judgement in words counts by its yes or no, an
    object by its `value` or by each of its names, a list by each of its numbers."""
    if value is None or value in ([], {}):
        return []
    if not is_check(name) and not (name == LABEL and isinstance(value, bool)):
        return []
    if isinstance(value, str):
        judged = JUDGED.search(value)
        return read_score(name, judged[1], {"said": value}) if judged else read_score(name, value)
    if isinstance(value, Mapping) and "value" in value:
        return read_score(name, value["value"], {key: each for key, each in value.items() if key != "value"})
    return read_score(name, value)
