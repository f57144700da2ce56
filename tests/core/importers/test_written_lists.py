"""Lists that tables wrote as text: generations of OpenR1 in JSON and as Python shows them."""

import json

import pytest

from trajectories.core.importers.trace_files import read_traces
from trajectories.core.importers.written_lists import list_in
from trajectories.core.problems import ProblemError

TEXTS = ["It's 4.\n\\boxed{4}", 'She said "5"', ""]
ROW = {"problem": "What is 2 + 2?", "answer": "4"}


@pytest.mark.parametrize("write", [json.dumps, repr, lambda value: f" {value!r}\n"])
@pytest.mark.parametrize("value", [TEXTS, [True, False, None], [1, 2.5, -3e-7], []])
def test_json_and_what_python_shows_are_the_list_that_was_written(write, value):
    assert list_in(write(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        "['a' 'b']",
        "['a'\n 'b']",
        "[1, [2]]x",
        "[open('x')]",
        "['a",
        "[a, b]",
        "a list",
        "[['a']",
        "[{'a': 1}]",
        "[" * 9999,
    ],
)
def test_what_is_no_flat_list_is_left_as_it_is(text):
    assert list_in(text) is None


def test_a_long_list_is_read_in_time():
    text = repr(["a\\'\n" * 1000] * 1000)
    assert len(list_in(text)) == 1000
    assert list_in("['" + "a" * 1_000_000) is None


@pytest.mark.parametrize("write", [json.dumps, repr])
def test_generations_that_a_table_wrote_are_read_with_what_is_said_of_each(write):
    beside = {
        "correctness_math_verify": [True, False, True],
        "finish_reasons": ["stop", "length", "stop"],
        "is_reasoning_complete": [True, False, True],
    }
    lists = {"generations": [*TEXTS[:2], "4"], **beside}
    expected = read_traces({**ROW, **lists})
    assert read_traces({**ROW, **{name: write(value) for name, value in lists.items()}}) == expected
    assert [trace.finish_reason for trace in expected] == ["stop", "length", "stop"]
    assert [trace.verdicts[0].outcome for trace in expected] == ["pass", "fail", "pass"]


def test_lists_of_another_length_are_a_fault_in_text_too():
    row = {**ROW, "generations": "['a', 'b']", "correctness_math_verify": "[True]"}
    with pytest.raises(ProblemError, match="found 1 entries beside 2 generations"):
        read_traces(row)


@pytest.mark.parametrize("text", ["['a' 'b']", "just one text"])
def test_what_cannot_be_told_apart_is_refused_by_its_name(text):
    with pytest.raises(ProblemError, match="found generations that are written as text, expected traces; "):
        read_traces({**ROW, "generations": text})


def test_one_text_that_begins_with_a_bracket_stays_one_text():
    (trace,) = read_traces({**ROW, "generation": "['a', 'b']"})
    assert trace.response == "['a', 'b']"
