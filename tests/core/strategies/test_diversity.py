import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.strategies.diversity import count_diverse, program_key, similarity, sketch_of

FLIP = "def transform(grid):\n    return [row[::-1] for row in grid]\n"


@pytest.mark.parametrize(
    "other",
    [
        "def transform(rows):\n    # mirrored\n    return [line[::-1] for line in rows]\n",
        'def transform(grid: list) -> list:\n    """Mirror."""\n    return [ row[::-1] for row in grid ]\n',
    ],
)
def test_names_remarks_and_layout_do_not_make_a_program_another(other):
    assert program_key(other) == program_key(FLIP)


@pytest.mark.parametrize("other", [FLIP.replace("-1", "1"), FLIP.replace("return", "return sorted(") + ")", ""])
def test_another_deed_does(other):
    assert program_key(other) != program_key(FLIP)


def test_names_that_are_only_used_say_what_a_program_does():
    assert program_key("def transform(g):\n    return min(g)") != program_key("def transform(g):\n    return max(g)")


@given(st.text())
def test_any_text_has_a_key(text):
    assert len(program_key(text)) == 64


def test_a_program_nested_without_end_has_a_key():
    assert len(program_key("(" * 50_000)) == 64
    assert len(program_key("x = " + "-" * 100_000 + "1")) == 64


def test_texts_are_alike_by_the_words_they_share():
    first = "add three and four to get seven then double it to get fourteen"
    assert similarity(sketch_of("", first), sketch_of("", first + ".")) == 1.0
    assert similarity(sketch_of("", first), sketch_of("", "count the corners of the red square one by one")) == 0.0
    assert similarity(frozenset(), frozenset()) == 1.0


def test_diverse_ones_are_counted_up_to_what_is_wanted():
    a, b = frozenset({1, 2}), frozenset({3})
    assert count_diverse([a, a, b, a], 5) == 2
    assert count_diverse([a, b], 1) == 1
