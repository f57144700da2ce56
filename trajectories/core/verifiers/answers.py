"""The final answer of a trace: stated, found when it came, or found now; with the rule that found it and the place."""

import json
from dataclasses import dataclass

from trajectories.core.answers import RULE_SET
from trajectories.core.answers.endings import end_of_said
from trajectories.core.answers.marks import MAX_ANSWER
from trajectories.core.completions.thoughts import Content, content_at, content_of
from trajectories.core.problems.kinds import KINDS
from trajectories.core.records import JSON, AnswerSpan, ProblemRecord, PublicProblem, TraceRecord
from trajectories.core.verifiers.answer_evidence import STATED, FoundEvidence


@dataclass(frozen=True, slots=True)
class FoundAnswer:
    """An answer with the rule that found it and its place in the trace's text (both 0 for a stated answer).

    `rules` is the version of the rule set; 0 for an answer that was stated, not found.
    """

    value: JSON
    rule: str
    start: int = 0
    """Where it begins, in characters from the beginning of the text."""
    end: int = 0
    """Where it ends, in the same way."""
    rules: int = 0

    def span(self) -> AnswerSpan:
        """The rule and the place."""
        return AnswerSpan(self.rule, self.start, self.end, self.rules)

    def as_evidence(self) -> FoundEvidence:
        """What a verdict keeps of it."""
        shown = self.value if isinstance(self.value, str) else json.dumps(self.value)
        return FoundEvidence(shown[:MAX_ANSWER], self.rule, self.start, self.end, self.rules)


def find_answer(problem: ProblemRecord | PublicProblem, trace: TraceRecord) -> FoundAnswer | None:
    """The trace's final answer: the one it came with, else what its text says outside of its thoughts.

    A text that was searched when it came is not searched again: then it was known where its thoughts end.
    """
    if trace.answer is not None:
        span = trace.span or AnswerSpan(STATED, 0, 0, 0)
        return FoundAnswer(trace.answer, span.rule, span.start, span.end, span.rules)
    if trace.searched:
        return None
    known = content_of(trace.text) if trace.content is None else content_at(trace.text, trace.content)
    return find_in_content(problem, known)


def find_in_content(problem: ProblemRecord | PublicProblem, content: Content) -> FoundAnswer | None:
    """The answer that a content gives, with its place in the whole text, by the present rules."""
    # What stands behind a token for the end is no part of what was said.
    found = KINDS[problem.kind].find(problem, content.text[: end_of_said(content.text)])
    if found is None:
        return None
    start, last = content.place(found.start), content.place(max(found.start, found.end - 1))
    return FoundAnswer(found.value, found.rule, start, last + 1, RULE_SET)


def as_json(span: AnswerSpan) -> dict[str, JSON]:
    """The form that a trace's facts keep, under "found"."""
    return {"rule": span.rule, "rules": span.rules, "start": span.start, "end": span.end}


def searched_fact(span: AnswerSpan | None) -> dict[str, JSON]:
    """What a trace's facts keep of the search for its answer: where it was found, or that it was looked for."""
    return {"found": {"rules": RULE_SET} if span is None else as_json(span)}


def read_span(value: JSON, text: str) -> AnswerSpan | None:
    """The answer span in a trace's facts; None where `value` is none, or lies outside the text. Facts that name no rule
    set are of the first one."""
    if not isinstance(value, dict) or not isinstance(value.get("rule"), str):
        return None
    start, end, rules = value.get("start"), value.get("end"), value.get("rules", 1)
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(text):
        return None
    return AnswerSpan(value["rule"], start, end, rules if type(rules) is int else 1)


def was_searched(value: JSON) -> bool:
    """Whether a trace's facts say that its text was searched when it came."""
    return isinstance(value, dict) and type(value.get("rules")) is int
