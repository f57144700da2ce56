"""JSON that the application writes for itself comes back as it was, whichever library wrote it."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.adapters.plain_json import read_plain, write_finite, write_plain, write_text

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_written_comes_back(value):
    written = write_plain(value)
    assert repr(read_plain(written.decode())) == repr(value)
    assert b"\n" not in written


def test_numbers_beyond_64_bits_are_no_floats():
    value = [2**63, 2**64, -(2**63) - 1, 10**30, 1e16, -0.0, 5e-324]
    assert repr(read_plain(write_plain(value).decode())) == repr(value)


def test_every_character_and_what_is_nested_deeply_comes_back():
    signs = "".join(map(chr, [*range(0xD800), *range(0xE000, sys.maxunicode + 1)]))
    deep = []
    for _ in range(300):
        deep = [deep]
    for value in (signs, deep, "half \ud800 a pair", {"\udfff": 1}):
        assert read_plain(write_plain(value).decode()) == value


@given(st.text())
def test_a_text_is_a_piece_of_what_the_standard_library_reads(text):
    assert read_plain(f'{{"a":{write_text(text).decode()}}}') == {"a": text}


@pytest.mark.parametrize("value", [object(), {1}, b"bytes"])
def test_what_is_no_plain_json_is_not_written(value):
    with pytest.raises(TypeError):
        write_plain(value)


@given(VALUES)
def test_what_goes_to_the_database_is_the_same(value):
    assert repr(json.loads(write_finite(value))) == repr(value)


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": [None, -float("inf")]}])
def test_what_is_not_finite_is_not_written_as_nothing(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_finite(value)
