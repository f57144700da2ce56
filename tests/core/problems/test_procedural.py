"""Knobs as people set them, and problems as they are stored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.problems import ProblemError, problem_hash
from trajectories.core.problems.procedural import (
    Draw,
    Example,
    Family,
    Knob,
    KnobKind,
    difficulty_of,
    read_knob,
    read_knobs,
    to_problem,
)
from trajectories.core.records import ProblemKind

TERMS = Knob("max_terms", KnobKind.INTEGER, 6)
FAMILY = Family("sums", "arithmetic", "", knobs=(TERMS, Knob("negative", KnobKind.FLAG, False)))
EXAMPLE = Example("1 + 2 =", "3", {"metadata": {"num_terms": 2, "difficulty": {"num_terms": {"__tuple__": [2, 6]}}}})
DRAW = Draw("sums", {"max_terms": 3}, seed=5, size=10)


@pytest.mark.parametrize(
    ("knob", "text", "value"),
    [
        (TERMS, "12", 12),
        (Knob("p", KnobKind.NUMBER, 0.5), "1", 1),
        (Knob("p", KnobKind.NUMBER, 0.5), "0.25", 0.25),
        (Knob("on", KnobKind.FLAG, False), "True", True),
        (Knob("word", KnobKind.TEXT, None), "", None),
        (Knob("word", KnobKind.TEXT, "a"), "", ""),
        (Knob("seed", KnobKind.INTEGER, None), " ", None),
        (Knob("mode", KnobKind.CHOICE, "a", choices=("a", "b")), "b", "b"),
        (Knob("signs", KnobKind.LIST, ["+"]), '["+", "-"]', ["+", "-"]),
    ],
)
def test_knobs_are_read_by_kind(knob, text, value):
    assert read_knob(knob, text) == value


@pytest.mark.parametrize(
    ("knob", "text", "message"),
    [
        (TERMS, "many", "max_terms: found the text 'many', expected a whole number"),
        (TERMS, "1.5", "max_terms: found 1.5, expected a whole number"),
        (TERMS, "true", "max_terms: found true, expected a whole number"),
        (TERMS, "", "max_terms: found the text '', expected a whole number"),
        (Knob("p", KnobKind.NUMBER, 0.5), "NaN", "p: found the text 'NaN', expected a number"),
        (Knob("on", KnobKind.FLAG, False), "1", "on: found 1, expected true or false"),
        (Knob("mode", KnobKind.CHOICE, "a", choices=("a", "b")), "c", "mode: found the text 'c', expected one of a, b"),
        (Knob("signs", KnobKind.LIST, ["+"]), "[]", "signs: found an empty list, expected a JSON list"),
        (Knob("signs", KnobKind.LIST, ["+"]), "[[1]]", "signs: found a list of 1, expected a JSON list"),
    ],
)
def test_what_does_not_fit_says_what_was_expected(knob, text, message):
    with pytest.raises(ProblemError) as caught:
        read_knob(knob, text)
    assert str(caught.value).startswith(message)


@given(st.sampled_from(list(KnobKind)), st.text(max_size=30))
def test_any_text_is_read_or_refused(kind, text):
    knob = Knob("knob", kind, "a", choices=("a",))
    try:
        assert read_knob(knob, text) is not None
    except ProblemError as fault:
        if not str(fault).startswith("knob: found "):
            raise


def test_an_unknown_knob_names_the_known_ones():
    assert read_knobs(FAMILY, {"max_terms": "4"}) == {"max_terms": 4}
    with pytest.raises(ProblemError, match="terms: is no knob of sums, expected one of max_terms, negative"):
        read_knobs(FAMILY, {"terms": "4"})


def test_a_problem_carries_what_made_it():
    record = to_problem(EXAMPLE, DRAW, 7, split="eval")
    assert (record.kind, record.name, record.family, record.split) == (
        ProblemKind.PROCEDURAL,
        "sums-5-7",
        "sums",
        "eval",
    )
    assert (record.statement, record.reference) == ("1 + 2 =", "3")
    assert record.spec == {
        "family": "sums",
        "config": {"max_terms": 3},
        "seed": 5,
        "index": 7,
        "entry": EXAMPLE.entry,
    }
    assert record.difficulty == {"num_terms": 2.0}


def test_the_same_question_of_another_seed_is_the_same_problem():
    other = to_problem(EXAMPLE, Draw("sums", {}, seed=6, size=10), 0, split="train")
    assert problem_hash(to_problem(EXAMPLE, DRAW, 7, split="train")) == problem_hash(other)
    elsewhere = to_problem(EXAMPLE, Draw("chains", {}, seed=6, size=10), 0, split="train")
    assert problem_hash(elsewhere) != problem_hash(other)


def test_text_that_no_database_holds_is_made_storable():
    odd = Example("a\0b\ud800", "x\0", {"metadata": {"text": "\0"}})
    record = to_problem(odd, DRAW, 0, split="train")
    assert (record.statement, record.reference) == ("a\ufffdb\ufffd", "x\ufffd")
    with pytest.raises(ValueError, match="finite"):
        to_problem(Example("q", "a", {"metadata": {"score": float("nan")}}), DRAW, 0, split="train")


@pytest.mark.parametrize(
    ("entry", "numbers"),
    [
        ({}, {}),
        ({"metadata": {"difficulty": {"n": 3, "range": [1, 2], "flag": True}}}, {"n": 3.0}),
        ({"metadata": {"answer": 42}}, {}),
        ({"metadata": {"difficulty": 3}}, {}),
        ({"metadata": {"difficulty": {"n": [1, 9]}, "n": 4.5}}, {"n": 4.5}),
    ],
)
def test_only_what_the_family_calls_difficult_counts(entry, numbers):
    assert difficulty_of(entry) == numbers
