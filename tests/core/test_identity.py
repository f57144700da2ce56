"""Hashes of content."""

import hashlib
import json
import sys
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from trajectories.core import identity
from trajectories.core.identity import JoinedText, ListHash, canonical_json, content_hash, text_hash

ANY_TEXT = st.text(st.characters(exclude_categories=()))
"""Texts with halves of surrogate pairs too."""


def hashed(text):
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()


def test_every_character_is_written_as_the_standard_library_writes_it():
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    for text in (every, every.translate(dict.fromkeys(range(0xD800, 0xE000)))):
        assert canonical_json(text) == json.dumps(text, ensure_ascii=False)


@given(st.lists(ANY_TEXT | st.none() | st.integers() | st.lists(ANY_TEXT) | st.dictionaries(ANY_TEXT, ANY_TEXT)))
def test_long_texts_hashed_piece_by_piece_have_the_hash_of_the_whole(parts):
    with patch.object(identity, "PIECE", 2):
        assert content_hash(parts) == hashed(canonical_json(parts))
        for part in (part for part in parts if isinstance(part, str)):
            assert text_hash(part) == hashed(part)


@given(st.lists(st.tuples(ANY_TEXT, st.integers(0, 9), st.integers(0, 9))))
def test_a_text_in_slices_has_the_hash_of_the_text(slices):
    joined = JoinedText(tuple((text, min(start, len(text)), min(end, len(text))) for text, start, end in slices))
    whole = "".join(text[start:end] for text, start, end in slices)
    with patch.object(identity, "PIECE", 2):
        assert (str(joined), content_hash([joined, 1])) == (whole, content_hash([whole, 1]))


@given(st.lists(st.text() | st.integers() | st.lists(st.text())))
def test_a_list_hashed_part_by_part_has_the_hash_of_the_list(parts):
    digest = ListHash()
    for part in parts:
        digest.add(part)
    assert digest.hexdigest() == content_hash(parts)
    assert digest.hexdigest() == content_hash(parts)
