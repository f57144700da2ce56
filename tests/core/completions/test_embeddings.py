"""Reading vectors of texts: what may come, and what is refused."""

import json

import pytest

from trajectories.core.completions.embeddings import read_embeddings
from trajectories.core.completions.replies import ReplyError


def test_vectors_come_back_in_the_order_of_the_texts_with_what_was_counted():
    rows = [{"index": 1, "embedding": [0, 2]}, {"index": 0, "embedding": [1, 0.5]}]
    found = read_embeddings(json.dumps({"data": rows, "usage": {"prompt_tokens": 7}}), 2)
    assert (found.vectors, found.tokens) == ([[1.0, 0.5], [0.0, 2.0]], 7)
    unnumbered = [{"embedding": [1, 0]}, {"embedding": [0, 1]}]
    assert read_embeddings(json.dumps({"data": unnumbered}), 2).tokens is None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "found 0 vectors for 1 texts"),
        (None, "found no list of vectors for 1 texts"),
        ([7], "found a vector that is no object"),
        ([{"embedding": "AAAA"}], "found no vector of 1 to 16,384 numbers"),
        ([{"embedding": [1, None]}], "found a vector that is not of finite numbers"),
        ([{"embedding": [0, 0.0]}], "some of them other than 0"),
        ([{"embedding": [True]}], "not of finite numbers"),
        ([{"index": 3, "embedding": [1]}], "found vectors for other texts"),
    ],
)
def test_what_is_no_vector_for_each_text_is_refused_in_one_sentence(data, said):
    with pytest.raises(ReplyError, match=said):
        read_embeddings(json.dumps({"data": data}), 1)


def test_numbers_that_are_not_finite_and_vectors_of_two_lengths_are_refused():
    with pytest.raises(ReplyError, match="finite"):
        read_embeddings('{"data": [{"embedding": [NaN]}]}', 1)
    with pytest.raises(ReplyError, match="different lengths"):
        read_embeddings('{"data": [{"embedding": [1]}, {"embedding": [1, 2]}]}', 2)
