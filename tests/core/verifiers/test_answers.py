"""Where a trace's answer is found, by which rule, and that thoughts are none of it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.verifiers.doubles import flip_problem, trace
from trajectories.core.answers import RULE_SET
from trajectories.core.records import JSON, ProblemKind, ProblemRecord, TraceRecord
from trajectories.core.verifiers.answers import find_answer, read_span, searched_fact, was_searched

PROBLEMS = {
    kind: ProblemRecord(
        kind, "p", "", {"choices": ["apple", "banana"]} if kind is ProblemKind.CHOICE else {}, None, "train"
    )
    for kind in ProblemKind
}
NUMERIC = PROBLEMS[ProblemKind.NUMERIC]


@pytest.mark.parametrize(
    ("kind", "text", "rule", "value"),
    [
        ("numeric", "first <answer>1</answer> then <answer> 2 </answer>", "tag", "2"),
        ("numeric", r"so \boxed{1}, no, \boxed{\frac{3}{4}}.", "boxed", r"\frac{3}{4}"),
        ("numeric", "Answer: 7\nAnswer: **42**.\nbye", "label", "42"),
        ("text", "the answer is Paris.", "label", "Paris"),
        ("numeric", "long sum\n#### 1,234", "label", "1,234"),
        ("numeric", "Final answer = x", "label", "x"),
        ("numeric", "3 apples and 4 pears make 7 pieces", "last number", "7 pieces"),
        ("numeric", "it is -3.5e2 or so", "last number", "-3.5e2 or so"),
        ("numeric", r"So we get \frac{5}{6}.", "last number", r"\frac{5}{6}"),
        ("numeric", r"The probability is \dfrac56.", "last number", r"\dfrac56"),
        ("numeric", r"We add 1 and 2. So it is -\frac{1}{2}", "last number", r"-\frac{1}{2}"),
        ("numeric", r"which gives 3\sqrt{13}.", "last number", r"3\sqrt{13}"),
        ("numeric", r"It equals 2^{10}.", "last number", "2^{10}"),
        ("numeric", r"We get \frac{5}{6} \text{ cm}.", "last number", r"\frac{5}{6} \text{ cm}"),
        ("numeric", r"We use \frac{1}{2}, then it is 7.", "last number", "7"),
        ("numeric", "| a | b |\n|---|---|\n| all | 42 |", "table", "42"),
        ("numeric", "**42**\n\n#### Why\nSix sevens.", "line", "42"),
        ("choice", "Only the banana is yellow, so B.", "last sentence", "B"),
        ("text", "Paris", "whole text", "Paris"),
        ("arc", "The grid: [[1]] or rather [[2, 3], [4, 5]] .", "last grid", [[2, 3], [4, 5]]),
    ],
)
def test_each_rule_finds_the_last_and_keeps_its_place(kind: str, text: str, rule: str, value: JSON) -> None:
    problem = flip_problem() if kind == "arc" else PROBLEMS[ProblemKind(kind)]
    found = find_answer(problem, trace(text=text))
    assert found is not None
    assert (found.rule, found.value, found.rules) == (rule, value, RULE_SET)
    if isinstance(value, str) and kind != "choice":
        assert text[found.start : found.end] == value


def test_the_place_is_in_the_whole_text() -> None:
    text = "<think>Perhaps \\boxed{5}?</think>\n\nWell.<think>Hm.</think> The total is 7."
    found = find_answer(NUMERIC, trace(text=text))
    assert found is not None
    assert (found.value, text[found.start : found.end]) == ("7", "7")


def test_a_stated_answer_counts_before_the_text() -> None:
    found = find_answer(NUMERIC, trace(answer=5, text="Answer: 7"))
    assert found is not None
    assert (found.rule, found.value, found.rules) == ("stated", 5, 0)


def test_a_text_that_was_searched_is_not_searched_again() -> None:
    assert find_answer(NUMERIC, TraceRecord(None, "", "Thought: \\boxed{7}", searched=True)) is None
    assert was_searched(searched_fact(None)["found"])
    assert not was_searched({"rule": "boxed", "start": 0, "end": 1})


def test_places_are_kept_with_the_version_of_the_rules() -> None:
    found = find_answer(NUMERIC, trace(text="Answer: 7"))
    assert found is not None
    fact = searched_fact(found.span())["found"]
    assert read_span(fact, "Answer: 7") == found.span()
    old = read_span({"rule": "label", "start": 8, "end": 9}, "Answer: 7")
    assert old is not None
    assert old.rules == 1


@pytest.mark.parametrize(
    "text", ["", "no mark at all", r"\boxed{", "<answer></answer>", "Answer:", "</answer><answer>", "<think>\\boxed{7}"]
)
def test_no_answer_is_none(text: str) -> None:
    assert find_answer(NUMERIC, trace(text=text)) is None


@given(
    st.sampled_from(list(ProblemKind)),
    st.text(alphabet=st.sampled_from("<answer>/think\\boxed{}[]1,. #:=\n*|$AB"), max_size=300)
    | st.lists(
        st.sampled_from(
            [
                "Answer: ",
                "42",
                " is ",
                "\\boxed{",
                "}",
                "<think>",
                "</think>",
                "\n",
                "B",
                ". ",
                "=",
                "|",
                "**",
                "not ",
                "$",
                "½",
                "答案是",
                "{",
                '"a": 1',
            ]
        )
    ).map("".join)
    | st.text(),
)
def test_finding_is_total(kind: ProblemKind, text: str) -> None:
    found = find_answer(flip_problem() if kind is ProblemKind.ARC else PROBLEMS[kind], trace(text=text))
    if found is not None:
        assert 0 <= found.start < found.end <= len(text)


LONG = [
    "\\boxed{" * 30_000,
    "\\boxed{{" * 10_000 + "}" * 20_000,
    "the answer is " * 20_000,
    "answer: " * 20_000,
    "**42**\n" * 20_000,
    "1 " * 100_000,
    "is 7, " * 50_000,
    "<answer>" * 30_000,
    "```json\n" + "\n" * 100_000,
    "| a " * 50_000,
    "A or B, " * 30_000,
    "x = " * 50_000,
    "<think>" + "\\boxed{1} " * 30_000 + "</think>It is 7.",
]


@pytest.mark.parametrize("kind", ["numeric", "choice", "text", "procedural"])
def test_long_texts_are_read_in_time(kind: str) -> None:
    begun = time.process_time()
    for text in LONG:
        find_answer(PROBLEMS[ProblemKind(kind)], trace(text=text))
    assert time.process_time() - begun < 30
