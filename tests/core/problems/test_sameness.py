"""When two problems ask the same: by their inputs, their statement and their choices."""

import pytest

from trajectories.core.problems import statement_hash
from trajectories.core.problems.sameness import choice_traits, is_known_task, question_hash, same_question, traits_of
from trajectories.core.records import ProblemKind, ProblemRecord


def choice(*choices: str) -> ProblemRecord:
    return ProblemRecord(ProblemKind.CHOICE, "c", "Which is true?", {"choices": list(choices)}, "A", "train")


def arc(*outputs: int | None) -> ProblemRecord:
    pairs = [{"input": [[number]]} for number in range(len(outputs))]
    train = [{**pairs[0], "output": [[outputs[0]]]}]
    reference = [None if output is None else [[output]] for output in outputs[1:]]
    return ProblemRecord(ProblemKind.ARC, "t", "", {"train": train, "test": pairs[1:]}, reference, "train")


def traits(record: ProblemRecord):
    return traits_of(record.kind, record.spec, record.reference)


def test_a_question_is_found_by_its_statement_and_a_task_by_its_inputs():
    assert question_hash(choice("a", "b")) == statement_hash(" Which is  true? ")
    assert question_hash(arc(1, 2)) == question_hash(arc(3, 4)) != question_hash(arc(1, 2, 3))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (choice("red", "blue"), choice("Blue", " red "), True),
        (choice("red", "blue"), choice("red", "blue", "green", "pink"), True),
        (choice("red", "blue"), choice("Paris", "Rome"), False),
        (choice("red", "blue"), ProblemRecord(ProblemKind.TEXT, "t", "Which is true?", {}, "red", "eval"), True),
        (arc(1, 2), arc(1, None), True),
        (arc(1, 2), arc(1, 3), False),
        (arc(1, 2), choice("red", "blue"), False),
    ],
)
def test_the_same_question(one, other, same):
    assert same_question(traits(one), traits(other)) is same_question(traits(other), traits(one)) is same


def test_only_tasks_are_known_by_their_pairs():
    assert is_known_task(traits(arc(1, 2)), traits(arc(1, None)))
    assert not is_known_task(traits(arc(1, None)), traits(arc(1, 2)))
    assert not is_known_task(choice_traits(["a"]), choice_traits(["a"]))
