"""Lines are the bytes of the standard library's encoder, whatever writes them."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.exporters.lines import encode_line

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def standard(row):
    return json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def test_every_character_is_written_as_json_writes_it():
    signs = "".join(map(chr, [*range(0xD800), *range(0xE000, sys.maxunicode + 1)]))
    assert encode_line({"text": signs}) == standard({"text": signs})


@given(st.dictionaries(st.text(), VALUES))
def test_a_line_is_what_the_standard_library_writes(row):
    assert encode_line(row) == standard(row)


def test_keys_that_are_no_text_and_numbers_beyond_64_bits_are_too():
    row = {2: 2**70, None: [-0.0, 1e300, 1e16], True: {}, "": []}
    assert encode_line(row) == standard(row)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [{"score": float("-inf")}], "\ud800"])
def test_what_json_has_no_form_for_raises(value):
    with pytest.raises(ValueError, match=r"not JSON compliant|surrogates not allowed"):
        encode_line({"value": value})
