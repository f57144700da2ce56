"""Words selected on the screen and their place in the source."""

from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.curation.spans import find_quote, mentioned, nth_of, step_spans

TEXT = "First, **each row** is\nmirrored; then `each` row is kept. Then each row is kept."


def test_words_are_found_behind_markdowns_marks_and_line_ends():
    start, end = find_quote(TEXT, "each row is mirrored")
    assert TEXT[start:end] == "each row** is\nmirrored"
    assert find_quote(TEXT, "each column") is None
    assert find_quote(TEXT, " *\n") is None


def test_of_equal_places_the_right_one_is_found_and_told():
    places = [find_quote(TEXT, "each row", nth) for nth in range(4)]
    assert [TEXT[start:end] for start, end in places[:3]] == ["each row", "each` row", "each row"]
    assert places[3] is None
    assert [nth_of(TEXT, "each row", start) for start, _ in places[:3]] == [0, 1, 2]


@given(st.text(st.sampled_from("ab* \n"), max_size=40), st.data())
def test_what_stands_somewhere_is_found_there(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    quote = text[start:end]
    if not quote.strip(" *\n"):
        assert find_quote(text, quote) is None
        return
    # From the first letter that is seen on.
    first = start + len(quote) - len(quote.lstrip(" *\n"))
    found = find_quote(text, quote, nth_of(text, quote, first))
    assert found == (first, start + len(quote.rstrip(" *\n")))


def test_steps_stand_in_order_and_what_stands_nowhere_is_told():
    text = "# One\n\nsame\n\n# Two\n\nsame\n\nlast"
    steps = [{"body": body} for body in ("same", "a program", "same", "", "last")]
    assert step_spans(text, steps) == [(7, 11), None, (20, 24), None, (26, 30)]


def test_who_is_called():
    assert mentioned("@lena, see @carl. or me@home.org and @lena") == ["lena", "carl.", "carl"]
    assert mentioned("nobody @ all") == []
