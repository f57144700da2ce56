"""A comma between two numbers means what the rest of its column shows."""

import pytest

from trajectories.core.problems import ProblemError
from trajectories.core.problems.question_commas import CommaTally

SAME = {"question": "question", "answer": "answer", "kind": "kind", "match": "match", "choices": "choices"}


def settled(answer: str, *others: str, kind: str = "", **row: object) -> object:
    tally = CommaTally()
    for other in (answer, *others):
        tally.look({"answer": other})
    return tally.settle({"answer": answer, **row}, SAME, kind)["answer"]


@pytest.mark.parametrize("other", ["0,5", "1.234,5", "-0,25"])
def test_decimals(other: str) -> None:
    assert settled("1,2", other) == "1.2"


@pytest.mark.parametrize("other", ["0.5", "1, 2, 3", "3, 4", "(1, 2)", "3,-4", ".75", "1,234.5"])
def test_lists(other: str) -> None:
    assert settled("1,2", other) == "1, 2"


@pytest.mark.parametrize("others", [(), ("7", "1,234"), ("0,5", "0.5"), ("1.234",)])
def test_what_no_row_tells_is_a_fault(others: tuple[str, ...]) -> None:
    with pytest.raises(ProblemError, match=r"found '1,2', which may be 1\.2 or the numbers \(1, 2\)"):
        settled("1,2", *others)
    with pytest.raises(ProblemError):
        settled("1,2", *others, kind="numeric")


def test_what_is_not_doubtful_stays() -> None:
    assert settled("0,5") == "0.5"
    for answer in ("1,234", "-12,345,678", "1, 2", "1.2", "$1,000", "a,b", "12"):
        assert settled(answer) == answer
    assert settled("1,2", kind="text") == "1,2"
    assert settled("1,2", kind="text", match="exact") == "1,2"
    assert settled("1,2", match="regex") == "1,2"
    assert settled("1,2", choices=["1,2", "2,1"]) == "1,2"


def test_the_first_number_of_a_grouped_one_may_not_be_zero() -> None:
    assert settled("0,500", "0,25") == "0.500"
