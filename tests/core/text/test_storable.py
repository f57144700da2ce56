import json
import math
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.text import storable
from trajectories.core.text.storable import MAX_DEPTH, storable_json, storable_text

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner),
    max_leaves=20,
)


@given(ANY_TEXT)
def test_any_text_becomes_storable_and_what_was_storable_stays(text):
    kept = storable_text(text)
    assert "\0" not in kept
    assert storable_text(kept) == kept
    if "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text):
        assert kept == text
    kept.encode("utf-8")


@given(ANY_TEXT)
def test_a_long_text_is_looked_at_in_pieces_to_the_same_end(text):
    whole = storable_text(text)
    with patch.object(storable, "PIECE", 2):
        assert storable_text(text) == whole


@given(ANY_JSON)
def test_any_json_becomes_storable(value):
    text = json.dumps(storable_json(value), ensure_ascii=False, allow_nan=False)
    assert "\\u0000" not in text
    text.encode("utf-8")


def test_tuples_become_lists_and_keys_texts():
    assert storable_json({1: (2, "a\0")}) == {"1": [2, "a\ufffd"]}


@pytest.mark.parametrize("value", [math.nan, math.inf, [-math.inf]])
def test_numbers_that_are_not_finite_are_refused(value):
    with pytest.raises(ValueError, match="expected a finite number"):
        storable_json(value)


def test_deep_nesting_is_refused_before_the_stack_ends():
    value: list = []
    for _ in range(10_000):
        value = [value]
    with pytest.raises(ValueError, match=f"deeper than {MAX_DEPTH}"):
        storable_json(value)


def test_what_is_no_json_is_named():
    with pytest.raises(TypeError, match="found a set"):
        storable_json({"a": {1}})
