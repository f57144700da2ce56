"""What is told of a file's questions before they are imported."""

from trajectories.core.problems import ImportFault
from trajectories.core.problems.question_tally import QuestionTally
from trajectories.core.records import ProblemKind, ProblemRecord


def record(reference, kind="text", **spec) -> ProblemRecord:
    return ProblemRecord(ProblemKind(kind), "n", "?", spec, reference, "train")


def test_answers_that_are_compared_as_text():
    answers = [
        record("12  apples"),
        record("12 apples"),
        record(["Rome", "Roma"]),
        record(["yes", "true"]),
        record("True"),
        record("7", "numeric"),
    ]
    verified = [record("[a-z]", match="regex"), record(None, tests=[{}])]
    tally = QuestionTally().count([*answers, *verified, ImportFault("f", "line 3", "bad")])
    assert (tally.asked, tally.answered, tally.as_text, tally.faults, tally.rows) == (8, 8, 3, 1, 9)
    examples = "“12 apples”, “Rome | Roma”"
    [note] = tally.notes()
    assert note == (
        f"3 of 8 answers would be compared as text, letter for letter but for case, spaces and marks: {examples}."
    )
    assert "3 of the first 8 answers" in tally.notes(whole=False)[0]


def test_questions_without_an_answer():
    assert QuestionTally().count([record(None), record("7", "numeric")]).notes() == ["1 of 2 questions has no answer."]
    assert QuestionTally().count([record(None)] * 2).notes() == [
        "No column has an answer in any row: what models say to these questions cannot be verified."
    ]
    assert "in the first 2 rows" in QuestionTally().count([record(None)] * 2).notes(whole=False)[0]
    assert QuestionTally().count([record("7", "numeric")]).notes() == []
    assert QuestionTally().count([ImportFault("f", "", "x")]).notes() == []


def test_the_first_faults_are_kept():
    tally = QuestionTally().count(ImportFault("f", f"line {number}", "bad") for number in range(9))
    assert (tally.faults, [fault.path for fault in tally.first_faults]) == (9, [f"line {n}" for n in range(5)])
