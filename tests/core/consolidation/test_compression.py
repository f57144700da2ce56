"""How alike texts are by how well they compress, and programs without what makes no difference."""

import random
import string

import pytest

from trajectories.core.consolidation.compression import compression_ratio, normal_program


def test_equal_texts_compress_better_than_different_ones():
    generator = random.Random(0)
    different = ["".join(generator.choices(string.ascii_letters, k=400)) for _ in range(20)]
    same = compression_ratio([different[0]] * 20)
    assert same is not None
    assert compression_ratio(different) < 2 < 10 < same


@pytest.mark.parametrize("texts", [[], ["one"]])
def test_of_fewer_than_two_nothing_is_said(texts):
    assert compression_ratio(texts) is None


def test_empty_texts_and_half_characters_have_a_ratio():
    assert compression_ratio(["", ""]) is not None
    assert compression_ratio(["\ud800", "\ud800"]) is not None


def test_comments_docstrings_layout_and_quotes_make_no_difference():
    one = 'def f(x):\n    """Turn it."""\n    # why\n    return x["a"]\n'
    other = "def f( x ):\n\n    return x['a']"
    assert normal_program(one) == normal_program(other)
    assert normal_program('def f():\n    "only this"') == "def f():\n    pass"
    assert normal_program("x = 1") != normal_program("x = 2")


@pytest.mark.parametrize(
    "source", ["def (", "x = '\0'", "(" * 5_000 + ")" * 5_000, "-" * 9_000 + "1", "x  =  1\n" * 9_000]
)
def test_what_does_not_parse_is_only_rid_of_blanks(source):
    assert normal_program(source) == " ".join(source.split())
