"""What the trace page says of an answer: where it was found, what it was read as, what was expected."""

from collections.abc import Sequence
from dataclasses import dataclass

from trajectories.core.programs.engines import CallStatus
from trajectories.core.records import JSON, ProblemRecord
from trajectories.core.verifiers.answer_evidence import AnswerEvidence, UnitTestEvidence, UnitTestsEvidence
from trajectories.core.verifiers.evidence import PairsEvidence
from trajectories.core.verifiers.judge_evidence import JudgeEvidence
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
    evidence = AnswerEvidence.from_json(verdict.evidence)
    # Grids are drawn, not written.
    is_drawn = bool(PairsEvidence.from_json(verdict.evidence).pairs)
    return ShownVerdict(
        verdict=verdict,
        answer=_shown_answer(evidence, text, is_drawn=is_drawn),
        missing=evidence.is_missing,
        expected="" if is_drawn else answer_text(evidence.expected),
        tests=_shown_tests(problem.spec.get("tests"), UnitTestsEvidence.from_json(verdict.evidence).tests),
        rules=evidence.rules,
        model_verdict=_shown_model_verdict(verdict) if is_model_verdict(verdict.verifier) else None,
    )


def _shown_model_verdict(verdict: Verdict) -> ShownModelVerdict:
    evidence = JudgeEvidence.from_json(verdict.evidence)
    comparisons = []
    answers = list(evidence.answers or ())
    for pair in evidence.comparisons:
        answers += [answer for order in pair.orders for answer in order.answers]
        reasons = tuple(f"{order.better}: {order.reason}" for order in pair.orders)
        comparisons.append(ShownComparison(pair.opponent, pair.result, pair.note, reasons))
    return ShownModelVerdict(
        job=verdict.judge_job_id,
        reason=evidence.reason,
        comparisons=tuple(comparisons),
        answers=tuple(answer_text(answer) for answer in answers),
    )


def _shown_answer(evidence: AnswerEvidence, text: str, *, is_drawn: bool) -> ShownAnswer | None:
    found = evidence.found
    if found is None or (is_drawn and found.is_stated):
        return None
    return ShownAnswer(
        text="" if is_drawn else found.answer or "",
        rule=RULES.get(found.rule, ""),
        rules=found.rules,
        read_as="" if evidence.read_as == found.answer else evidence.read_as or "",
        place=place_in(text, found.start, found.end),
    )


def place_in(text: str, start: int, end: int) -> Place | None:
    """The answer at characters `start` to `end` with what is around it; None where there is no such place."""
    if not 0 <= start < end <= len(text):
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


def _shown_tests(tests: JSON, results: Sequence[UnitTestEvidence]) -> tuple[ShownTest, ...]:
    """The unit tests of a problem with how each ended."""
    shown = []
    for result in results:
        test = tests[result.index] if isinstance(tests, list | tuple) and result.index < len(tests) else {}
        given = test.get("stdin") if "stdin" in test else test.get("arguments")
        shown.append(
            ShownTest(
                number=result.index + 1,
                right=result.is_right,
                given=answer_text(given),
                value=result.value if result.status == CallStatus.RETURNED else "",
                expected=answer_text(test["stdout"]) if "stdout" in test else result.expected,
                message=result.message,
            )
        )
    return tuple(shown)
