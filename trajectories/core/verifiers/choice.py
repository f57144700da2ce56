"""Are the right choices named, by their letters or by their texts?"""

from trajectories.core.answers.choices import MOST_CHOICES, letters_of, read_choices
from trajectories.core.problems.kinds import asks_for_many
from trajectories.core.records import JSON, ProblemKind, ProblemRecord, TraceRecord, VerdictRecord
from trajectories.core.verifiers.answer_common import (
    answer_verdict,
    bad_problem,
    has_answer_text,
    no_answer,
    no_reference,
    read_answer_evidence,
)
from trajectories.core.verifiers.answers import find_answer
from trajectories.core.verifiers.base import Tools


class ChoiceVerifier:
    """Compares the choice made with the reference answer; spec "choices" lists the texts, A first.

    Where spec "many" is true the reference lists all right choices, and an answer is right only whole.
    """

    name = "choice"
    version = 3  # 2 took "A B" for B; 1 read a letter only where nothing but its text stood behind it
    title = "Choice"
    decides = True
    takes_reference = True

    def applies_to(self, problem: ProblemRecord, trace: TraceRecord) -> bool:
        """Multiple-choice problems, traces with any text."""
        return problem.kind is ProblemKind.CHOICE and has_answer_text(trace)

    def verify(self, problem: ProblemRecord, trace: TraceRecord, tools: Tools) -> VerdictRecord:  # noqa: ARG002
        """Turn both into places in the list and compare."""
        if problem.reference is None:
            return no_reference(self)
        choices = problem.spec.get("choices")
        if not isinstance(choices, list | tuple) or not 2 <= len(choices) <= MOST_CHOICES:
            return bad_problem(self, "choices: expected a list of 2 to 26 texts")
        texts, many = [str(choice) for choice in choices], asks_for_many(problem)
        expected = read_reference(problem.reference, texts)
        if expected is None or (len(expected) > 1 and not many):
            return bad_problem(self, "the reference answer is none of the choices")
        found = find_answer(problem, trace)
        if found is None:
            return no_answer(self)
        # What was found is kept as letters, which may be texts of choices too.
        given = (read_reference if found.rules > 1 else read_choices)(found.value, texts, many=many)
        if given is not None and len(given) > 1 and not many:
            given = None
        letters = [None if places is None else letters_of(places) for places in (given, expected)]
        message = "the choice is right" if given == expected else f"the choice is {letters[0]}, expected {letters[1]}"
        message = "the answer names no single choice" if given is None else message
        return answer_verdict(
            self, read_answer_evidence(found, letters[1], letters[0]), right=given == expected, message=message
        )


def read_reference(reference: JSON, texts: list[str], *, many: bool = True) -> frozenset[int] | None:
    """The places that a reference means: a letter is one even where it is a choice's text too."""
    if isinstance(reference, str) and len(reference) == 1 and 0 <= ord(reference.upper()) - ord("A") < len(texts):
        return frozenset([ord(reference.upper()) - ord("A")])
    if isinstance(reference, list | tuple):
        read = [read_reference(entry, texts) for entry in reference]
        return None if not read or None in read else frozenset().union(*filter(None, read))
    return read_choices(reference, texts, many=many)
