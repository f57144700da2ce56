"""Is the right choice named, by its letter or by its text?"""

import re
from collections.abc import Sequence

from trajectories.core.records import JSON, ProblemKind, ProblemRecord, TraceRecord, VerdictRecord
from trajectories.core.verifiers.answer_common import (
    answer_verdict,
    bad_problem,
    has_answer_text,
    no_answer,
    no_reference,
)
from trajectories.core.verifiers.answers import find_answer
from trajectories.core.verifiers.base import Tools
from trajectories.core.verifiers.text import normalise, strip_latex_text

_LETTER = re.compile(r"[(\[]?([A-Za-z])(?:[)\].:].*)?", re.DOTALL)


class ChoiceVerifier:
    """Compares the choice made with the reference answer; spec "choices" lists the texts, A first."""

    name = "choice"
    version = 1
    title = "Choice right"

    def applies_to(self, problem: ProblemRecord, trace: TraceRecord) -> bool:
        """Multiple-choice problems, traces with any text."""
        return problem.kind is ProblemKind.CHOICE and has_answer_text(trace)

    def judge(self, problem: ProblemRecord, trace: TraceRecord, tools: Tools) -> VerdictRecord:  # noqa: ARG002
        """Turn both into the place in the list and compare."""
        if problem.reference is None:
            return no_reference(self)
        choices = problem.spec.get("choices")
        if not isinstance(choices, list | tuple) or not 2 <= len(choices) <= 26:
            return bad_problem(self, "choices: expected a list of 2 to 26 texts")
        texts = [normalise(str(choice)) for choice in choices]
        expected = _read_letter(problem.reference, texts)
        if expected is None:
            expected = read_choice(problem.reference, texts)
        if expected is None:
            return bad_problem(self, "the reference answer is none of the choices")
        found = find_answer(trace)
        if found is None:
            return no_answer(self)
        given = read_choice(found.value, texts)
        letters = [None if place is None else chr(ord("A") + place) for place in (given, expected)]
        message = "the choice is right" if given == expected else f"the choice is {letters[0]}, expected {letters[1]}"
        message = "the answer is none of the choices" if given is None else message
        return answer_verdict(
            self, found, right=given == expected, message=message, read_as=letters[0], expected=letters[1]
        )


def read_choice(answer: JSON, texts: Sequence[str]) -> int | None:
    """The place (from 0) of the choice meant. A choice's whole text counts before a letter; a number is a place."""
    if isinstance(answer, int) and not isinstance(answer, bool):
        return answer if 0 <= answer < len(texts) else None
    if not isinstance(answer, str):
        return None
    same = [place for place, text in enumerate(texts) if text == normalise(answer)]
    if len(same) == 1:
        return same[0]
    return _read_letter(answer, texts)


def _read_letter(answer: JSON, texts: Sequence[str]) -> int | None:
    """The place a letter means: "B", "(b)", "B. text" or "B: text"; "A cat" is a sentence."""
    letter = _LETTER.fullmatch(strip_latex_text(answer).strip()) if isinstance(answer, str) else None
    place = -1 if letter is None else ord(letter[1].upper()) - ord("A")
    return place if 0 <= place < len(texts) else None
