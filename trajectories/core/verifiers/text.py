"""Is the final text the reference answer: exactly, after normalisation, or by the problem's regular expression?"""

from collections.abc import Sequence

from trajectories.core.answers.texts import says_truth, short_forms, truth_of, words_key
from trajectories.core.programs.engines import CallStatus, ProgramJob, ProgramLimits
from trajectories.core.records import ProblemRecord, TraceRecord, VerdictRecord
from trajectories.core.verifiers.answer_common import (
    answer_evidence,
    answer_verdict,
    bad_problem,
    engine_fault,
    has_answer_text,
    no_answer,
    no_reference,
    text_match,
)
from trajectories.core.verifiers.answers import find_answer
from trajectories.core.verifiers.base import Tools
from trajectories.core.verifiers.faithful import spare_program

MATCH_SOURCE = "import re\ndef matches(pattern, text):\n    return re.fullmatch(pattern, text) is not None\n"
MATCH_LIMITS = ProgramLimits(seconds_per_call=2.0, seconds_total=2.0)


def accepts(accepted: Sequence[str], given: str) -> bool:
    """Whether a text means one of the accepted ones: in one of its short forms, or as yes or no."""
    normal = {words_key(text) for text in accepted}
    if any(form in normal for form in short_forms(given)):
        return True
    truth = truth_of(given)
    return (
        truth is not None
        and all(says_truth(text) for text in accepted)
        and truth in {truth_of(text) for text in accepted}
    )


class TextVerifier:
    """Compares the final text with the reference answer, or with any of several."""

    name = "text"
    # 4 told (A) from A; 3 printed apostrophes from typed ones; 2 saw "yes" on a line of its own only in bold
    version = 5
    title = "Text"
    decides = True
    takes_reference = True

    def applies_to(self, problem: ProblemRecord, trace: TraceRecord) -> bool:
        """Text problems that ask for exact or normalised text."""
        return text_match(problem) in ("exact", "normalised") and has_answer_text(trace)

    def verify(self, problem: ProblemRecord, trace: TraceRecord, tools: Tools) -> VerdictRecord:  # noqa: ARG002
        """Compare."""
        if problem.reference is None:
            return no_reference(self)
        accepted = problem.reference if isinstance(problem.reference, list) else [problem.reference]
        if not accepted or not all(isinstance(text, str) for text in accepted):
            return bad_problem(self, "the reference answer is no text and no list of texts")
        found = find_answer(problem, trace)
        if found is None:
            return no_answer(self)
        given = found.value if isinstance(found.value, str) else ""
        if isinstance(found.value, list) and found.value == accepted:
            # A list of accepted texts, stated as the answer, is tried when a problem is imported.
            given = accepted[0]
        right = given in accepted if text_match(problem) == "exact" else accepts(accepted, given)
        message = "the text is right" if right else "the text is wrong"
        return answer_verdict(self, answer_evidence(found, accepted), right=bool(given) and right, message=message)


class RegexVerifier:
    """Matches the whole final text with the reference answer's pattern, in the sandbox: patterns can run for ever."""

    name = "regex"
    version = 2  # 1 failed texts by engines whose patterns are not quite Python's
    title = "Pattern"
    decides = True
    takes_reference = False

    def applies_to(self, problem: ProblemRecord, trace: TraceRecord) -> bool:
        """Text problems that ask for a pattern."""
        return text_match(problem) == "regex" and has_answer_text(trace)

    def verify(self, problem: ProblemRecord, trace: TraceRecord, tools: Tools) -> VerdictRecord:
        """Match."""
        if problem.reference is None:
            return no_reference(self)
        if not isinstance(problem.reference, str):
            return bad_problem(self, "the reference answer is no pattern")
        found = find_answer(problem, trace)
        if found is None:
            return no_answer(self)
        given = found.value if isinstance(found.value, str) else ""
        calls = ([problem.reference, given],)
        run = tools.run_program(ProgramJob(MATCH_SOURCE, calls, "matches", MATCH_LIMITS))
        result = run.calls[0]
        if result.status is not CallStatus.RETURNED:
            return engine_fault(self, f"the pattern could not be matched: {result.status} {result.message}".strip(), {})
        right = result.value is True
        message = "the pattern matches" if right else "the pattern does not match"
        evidence = answer_evidence(found, problem.reference)
        return spare_program(answer_verdict(self, evidence, right=right, message=message), run)
