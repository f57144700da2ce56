import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.generation.recipes import recipe
from trajectories.core.generation.base import Order
from trajectories.core.generation.reading import MAX_READ, missing_words, read_problems

ORDER = Order(0, 1, 2)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


def read(text, kind="numeric", words=(), **values):
    return read_problems(recipe("constrained", **values), Order(0, 1, 2, words=words), kind, text)


def test_problems_are_found_in_a_fenced_block_whatever_stands_around_it():
    said = 'Of course {not this}:\n```json\n{"problems": [{"question": "1 + 1?", "answer": 2}]}\n```\nEnjoy [these]!'
    [proposal] = read(said, family="sums")
    assert (proposal.record.statement, proposal.record.reference) == ("1 + 1?", "2")
    assert (proposal.record.kind, proposal.record.family) == ("numeric", "sums")


@pytest.mark.parametrize(
    "text",
    [
        '{"problems": [{"question": "Q?", "answer": "1"}]}',
        '[{"question": "Q?", "answer": "1"}]',
        '{"question": "Q?", "answer": "1"}',
        'Here: {"problems": [{"question": "Q?", "answer": "1", "choices": []}]} Done.',
    ],
)
def test_usual_shapes_are_read(text):
    [proposal] = read(text)
    assert proposal.record.statement == "Q?"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "Found nothing, expected JSON."),
        ("I will not.", "expected JSON"),
        ('{"problems": []}', "Problems: found an empty list, expected a list of problems."),
        ('{"problems": [1]}', "Problem 1: found 1, expected an object with a question."),
        ('{"problems": [{"answer": "1"}]}', "Problem 1 question: found nothing, expected a question."),
        (
            '[{"question": "Q?", "answer": [1]}]',
            "Problem 1 answer: found a list of 1, expected text, a number or a list of accepted texts.",
        ),
        ('[{"question": "a\\u0000b", "answer": "1"}]', "found a NUL character"),
    ],
)
def test_what_is_no_problem_says_why(text, fault):
    [proposal] = read(text)
    assert proposal.record is None
    assert fault in proposal.fault


def test_a_bad_problem_leaves_the_others_alone():
    text = json.dumps([{"question": "Q1?", "answer": "1"}, {"question": ""}, {"question": "Q3?", "answer": "3"}])
    assert [proposal.record is not None for proposal in read(text)] == [True, False, True]


def test_a_choice_needs_its_choices_and_one_of_them_as_answer():
    good = {"question": "Which?", "choices": ["red", "blue"], "answer": "blue"}
    texts = [{**good}, {**good, "choices": None}, {**good, "answer": "green"}]
    right, without, stray = read(json.dumps(texts), kind="choice")
    assert (right.record.reference, right.record.spec) == ("B", {"choices": ["red", "blue"]})
    assert "choices: found nothing, expected a list of choices" in without.fault
    assert "expected one letter from A to B" in stray.fault


def test_words_that_do_not_occur_are_named():
    [proposal] = read('[{"question": "The kites fly.", "answer": "1"}]', words=("kite", "lamp", "oar"))
    assert proposal.fault == "Problem 1 question: does not use lamp, oar."


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("Baking and baked", []),
        ("A card", ["bake"]),
        ("BAKES", []),
        ("ba ke", ["bake"]),
    ],
)
def test_a_word_occurs_with_its_usual_endings(text, missing):
    assert missing_words(text, ["bake"]) == missing


def test_words_of_two_parts_are_looked_for_as_they_are():
    assert missing_words("An ice  cream van", ["ice cream"]) == []
    assert missing_words("Ice with cream", ["ice cream"]) == ["ice cream"]


def test_more_problems_than_are_read_are_counted_in_a_fault():
    text = json.dumps([{"question": f"Q{number}?", "answer": "1"} for number in range(MAX_READ + 5)])
    proposals = read(text)
    assert len(proposals) == MAX_READ + 1
    assert proposals[-1].fault == f"Found {MAX_READ + 5} problems in one answer, read the first {MAX_READ} only."


@given(value=VALUES, kind=st.sampled_from(["numeric", "choice", "text"]))
def test_any_json_gives_records_or_faults(value, kind):
    for text in (json.dumps(value), json.dumps({"problems": value}), json.dumps([{"question": value}])):
        for proposal in read(text, kind=kind):
            assert (proposal.record is None) == bool(proposal.fault)
            assert "\0" not in proposal.said
