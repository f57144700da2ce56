from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.rendering.word_diff import MOST_WORDS, Passage, word_diff

TEXTS = st.text(alphabet="ab .,\n", max_size=40) | st.text(max_size=20)


@given(before=TEXTS, after=TEXTS)
def test_both_texts_can_be_read_off(before, after):
    passages = word_diff(before, after)
    assert "".join(each.text for each in passages if each.kind != "added") == before
    assert "".join(each.text for each in passages if each.kind != "removed") == after


def test_a_changed_number_is_the_only_change():
    assert word_diff("Ada has 3 apples.", "Ada has 12 apples.") == [
        Passage("same", "Ada has "),
        Passage("removed", "3"),
        Passage("added", "12"),
        Passage("same", " apples."),
    ]


def test_texts_too_long_to_compare_are_shown_as_replaced():
    long = "a " * MOST_WORDS
    assert [each.kind for each in word_diff(long, f"{long}b")] == ["removed", "added"]
    assert [each.kind for each in word_diff(long, long)] == ["same"]
