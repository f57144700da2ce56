"""Selections: what is stored is what was chosen, and nothing else is read."""

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.faults import Fault
from trajectories.core.selections import GREATEST_ID, WORDS, Selection, one_or_several
from trajectories.core.strategies.base import AttemptKind

ids = st.none() | st.integers(1, GREATEST_ID)
several = st.lists(st.integers(1, GREATEST_ID), max_size=5).map(lambda keys: one_or_several(keys, empty=None))
selections = st.builds(
    Selection,
    **dict.fromkeys(("problem", "newest"), ids),
    **dict.fromkeys(("run", "problem_set", "sampler"), several),
    **{name: st.sampled_from(["", *words]) for name, words in WORDS.items()},
    view=st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40),
    round=st.none() | st.integers(0, 32_767),
)


@given(selections)
def test_what_is_stored_is_read_as_it_was(selection):
    assert Selection.from_json(selection.to_json()) == selection


def test_only_what_is_set_is_stored():
    assert Selection(run=3, round=0, correctness="pass").to_json() == {
        "version": 1,
        "run": 3,
        "round": 0,
        "correctness": "pass",
    }


def test_several_values_are_stored_in_order_and_one_as_itself():
    stored = {"version": 1, "run": [5, 3, 5], "correctness": ["pass", "fail"], "kind": ["first"]}
    selection = Selection.from_json(stored)
    assert (selection.run, selection.correctness, selection.kind) == ((3, 5), ("fail", "pass"), "first")
    assert selection.to_json() == {"version": 1, "run": [3, 5], "correctness": ["fail", "pass"], "kind": "first"}
    assert selection.query() == "run=3%2C5&correctness=fail%2Cpass&kind=first"


def test_the_words_are_those_of_what_they_name():
    assert WORDS["kind"] == tuple(kind.value for kind in AttemptKind)
    assert set(WORDS) <= {field.name for field in fields(Selection)}


@pytest.mark.parametrize(
    ("stored", "field", "sentence"),
    [
        ([], "", "Selection: found [], expected an object of filters."),
        ({"run": 1}, "version", "Selection: found version None, expected 1."),
        ({"version": 2}, "version", "Selection: found version 2, expected 1."),
        ({"version": 1, "colour": "red"}, "colour", "Selection: found the filter 'colour', expected one of"),
        ({"version": 1, "run": "1"}, "run", "run: found '1', expected a number from 1 to"),
        ({"version": 1, "run": True}, "run", "run: found True, expected a number from 1 to"),
        ({"version": 1, "run": 0}, "run", "run: found 0, expected a number from 1 to"),
        ({"version": 1, "round": 40_000}, "round", "round: found 40000, expected a number from 0 to 32,767."),
        ({"version": 1, "correctness": "right"}, "correctness", "correctness: found 'right', expected one of pass,"),
        ({"version": 1, "decision": ["accepted", "x"]}, "decision", "decision: found 'x', expected one of unreviewed,"),
        ({"version": 1, "decision": [["x"]]}, "decision", "decision: found ['x'], expected one of unreviewed,"),
        ({"version": 1, "run": [3, "4"]}, "run", "run: found '4', expected a number from 1 to"),
        ({"version": 1, "run": []}, "run", "run: found 0 values, expected 1 to 200."),
        ({"version": 1, "run": list(range(1, 202))}, "run", "run: found 201 values, expected 1 to 200."),
        ({"version": 1, "audit": ["unanimous"]}, "audit", "audit: found ['unanimous'], expected one of"),
        ({"version": 1, "view": "x" * 41}, "view", "view: found 'x"),
    ],
)
def test_anything_else_is_refused_with_its_field(stored: Any, field: str, sentence: str):
    with pytest.raises(Fault) as caught:
        Selection.from_json(stored)
    assert caught.value.field == field
    assert str(caught.value).startswith(sentence)
