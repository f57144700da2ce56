"""What the trace page says of an answer: where it was found, what it was read as, what was expected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trajectories.core.records import JSON, ProblemRecord
from trajectories.core.verifiers.model_judge import is_model_verdict
from trajectories.models import Trace, Verdict
from trajectories.templatetags.questions import answer_text

CONTEXT = 90
"""Characters of a text that are shown on either side of an answer found in it."""

LONGEST = 300

RULES = {
    "stated": "stated by its sampler",
    "tag": "found between <answer> and </answer>",
    "boxed": "found in the last \\boxed{}",
    "label": "found behind the last “answer”",
    "table": "found in the last cell of the last table",
    "line": "found alone on its line",
    "last sentence": "found in the last sentence that settles on a choice",
    "block": "found in the last code block",
    "last grid": "found as the last grid of the text",
    "last number": "found as the last result that the text gives",
    "whole text": "the whole text",
}


@dataclass(frozen=True, slots=True)
class Place:
    """The part of a text around an answer; `cut_before` and `cut_after` say whether the text goes on there."""

    before: str
    found: str
    after: str
    cut_before: bool
    cut_after: bool


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """An answer that was found; `read_as` and `expected` are empty where the answer itself says it, or none is told.

    `rules` is the version of the rule set that found it, 0 for an answer that was stated.
    """

    text: str
    rule: str
    rules: int
    read_as: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class ShownTest:
    """One unit test: what went in, what came out, what was expected."""

    number: int
    right: bool
    given: str
    value: str
    expected: str
    message: str


@dataclass(frozen=True, slots=True)
class ShownComparison:
    """A comparison with an opponent's trace: won, lost or tie, why, and what the judge said in either order."""

    opponent: int
    result: str
    note: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownModelVerdict:
    """What a model judge said: the reason of its grade or its comparisons, its answers as they came, and the job."""

    job: int | None
    reason: str
    comparisons: tuple[ShownComparison, ...]
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownVerdict:
    """A verdict and its evidence. `missing` says that the verifier looked for an answer and found none, by the version
    `rules` of the rule set."""

    verdict: Verdict
    answer: ShownAnswer | None
    missing: bool
    expected: str
    tests: tuple[ShownTest, ...]
    model_verdict: ShownModelVerdict | None = None
    rules: int = 0

    @property
    def is_unfolded(self) -> bool:
        """Whether the page shows all of it at once: a verdict that somebody who decides has to look into."""
        return self.verdict.outcome in ("fail", "error")


def show_verdicts(problem: ProblemRecord, trace: Trace, verdicts: Sequence[Verdict]) -> list[ShownVerdict]:
    """The verdicts with what their evidence says of answers and tests."""
    return [_shown_verdict(problem, trace.reasoning.body, verdict) for verdict in verdicts]


def _shown_verdict(problem: ProblemRecord, text: str, verdict: Verdict) -> ShownVerdict:
    evidence = verdict.evidence
    found = evidence.get("found")
    # Grids are drawn, not written.
    is_drawn = "pairs" in evidence
    return ShownVerdict(
        verdict=verdict,
        answer=_shown_answer(found, evidence, text, is_drawn=is_drawn) if isinstance(found, Mapping) else None,
        missing="found" in evidence and found is None,
        expected="" if is_drawn else answer_text(evidence.get("expected")),
        tests=_shown_tests(problem.spec.get("tests"), evidence.get("tests")),
        rules=evidence.get("rules") or 1,
        model_verdict=_shown_model_verdict(verdict) if is_model_verdict(verdict.verifier) else None,
    )


def _shown_model_verdict(verdict: Verdict) -> ShownModelVerdict:
    evidence = verdict.evidence
    comparisons = []
    answers = list(evidence.get("answers") or ())
    for pair in evidence.get("comparisons") or ():
        shown = (pair["shown_first"], pair["shown_second"])
        answers += [answer for order in shown for answer in order["answers"]]
        reasons = tuple(f"{order['better']}: {order['reason']}" for order in shown)
        comparisons.append(ShownComparison(pair["opponent"], pair["result"], pair["note"], reasons))
    return ShownModelVerdict(
        job=verdict.judge_job_id,
        reason=answer_text(evidence.get("reason")),
        comparisons=tuple(comparisons),
        answers=tuple(answer_text(answer) for answer in answers),
    )


def _shown_answer(
    found: Mapping[str, JSON], evidence: Mapping[str, JSON], text: str, *, is_drawn: bool
) -> ShownAnswer | None:
    if is_drawn and found.get("rule") == "stated":
        return None
    answer, read_as = answer_text(found.get("answer")), answer_text(evidence.get("read_as"))
    return ShownAnswer(
        text="" if is_drawn else answer,
        rule=RULES.get(found.get("rule", ""), ""),
        rules=0 if found.get("rule") == "stated" else found.get("rules") or 1,
        read_as="" if read_as == answer else read_as,
        place=place_in(text, found.get("start"), found.get("end")),
    )


def place_in(text: str, start: Any, end: Any) -> Place | None:
    """The answer at characters `start` to `end` with what is around it; None where there is no such place."""
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(text):
        return None
    shown_end = min(end, start + LONGEST)
    first, last = max(0, start - CONTEXT), min(len(text), end + CONTEXT)
    return Place(
        before=text[first:start],
        found=text[start:shown_end],
        after=text[end:last] if shown_end == end else "",
        cut_before=first > 0,
        cut_after=last < len(text) or shown_end < end,
    )


def _shown_tests(tests: JSON, results: JSON) -> tuple[ShownTest, ...]:
    """The unit tests of a problem with how each ended."""
    shown = []
    for result in results if isinstance(results, list) else ():
        index = result["index"]
        test = tests[index] if isinstance(tests, list | tuple) and index < len(tests) else {}
        given = test.get("stdin") if "stdin" in test else test.get("arguments")
        expected = test.get("stdout") if "stdout" in test else result.get("expected")
        shown.append(
            ShownTest(
                number=index + 1,
                right=bool(result.get("right")),
                given=answer_text(given),
                value=answer_text(result.get("value")) if result.get("status") == "returned" else "",
                expected=answer_text(expected),
                message=answer_text(result.get("message")),
            )
        )
    return tuple(shown)
