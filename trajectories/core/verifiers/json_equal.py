"""Is the final JSON value the reference answer? Order of keys is free; 1 and 1.0 are one number; true is not 1."""

import json

from trajectories.core.records import JSON, ProblemRecord, TraceRecord, VerdictRecord
from trajectories.core.verifiers.answer_common import (
    answer_evidence,
    answer_verdict,
    has_answer_text,
    no_answer,
    no_reference,
    text_match,
)
from trajectories.core.verifiers.answers import find_answer
from trajectories.core.verifiers.base import Tools


class JsonVerifier:
    """Compares JSON values, an answer given as text being parsed first."""

    name = "json"
    version = 2  # 1 read one line only
    title = "JSON"
    decides = True
    takes_reference = True

    def applies_to(self, problem: ProblemRecord, trace: TraceRecord) -> bool:
        """Text problems that ask for JSON."""
        return text_match(problem) == "json" and has_answer_text(trace)

    def verify(self, problem: ProblemRecord, trace: TraceRecord, tools: Tools) -> VerdictRecord:  # noqa: ARG002
        """Compare."""
        if problem.reference is None:
            return no_reference(self)
        found = find_answer(problem, trace)
        if found is None:
            return no_answer(self)
        given, message = found.value, ""
        if isinstance(given, str):
            try:
                given = json.loads(given)
            except (ValueError, RecursionError):
                message = "the answer is no JSON"
        right = not message and json_equal(given, problem.reference)
        message = message or ("the value is right" if right else "the value is wrong")
        return answer_verdict(self, answer_evidence(found, problem.reference), right=right, message=message)


def json_equal(left: JSON, right: JSON) -> bool:
    """Whether two JSON values are the same value."""
    pairs = [(left, right)]
    while pairs:
        one, other = pairs.pop()
        if isinstance(one, bool) or isinstance(other, bool) or not isinstance(one, type(other) | type(one)):
            if one is not other:
                return False
        elif isinstance(one, dict) and isinstance(other, dict):
            if one.keys() != other.keys():
                return False
            pairs += [(value, other[key]) for key, value in one.items()]
        elif isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            pairs += zip(one, other, strict=True)
        elif one != other:
            return False
    return True
