from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.generation.similarity import SketchTable, similarity, sketch_of, tokens_of

WORDS = st.lists(st.sampled_from(["one", "two", "three", "red", "blue", "+", "?"]), max_size=30).map(" ".join)
STORY = "Ada has 3 apples. She buys 4 more at the market and gives 2 of them to Bruno. How many has she now?"


@given(first=WORDS, second=WORDS)
def test_it_is_symmetric_and_whole_only_for_the_same_tokens(first, second):
    share = similarity(first, second)
    assert share == similarity(second, first)
    assert 0 <= share <= 1
    assert (share == 1) == (tokens_of(first) == tokens_of(second))


@given(text=st.text())
def test_any_text_is_like_itself_and_has_a_sketch(text):
    assert similarity(text, text) == 1
    assert len(sketch_of(text)) == 512


def test_case_space_and_unicode_variants_do_not_count_but_signs_do():
    assert similarity("What  is 3 + 4?", "what is ３ + 4 ?") == 1
    assert similarity("What is 3 + 4?", "What is 3 - 4?") < 1


def test_another_number_is_near_and_another_story_far():
    assert similarity(STORY, STORY.replace("4", "9")) > 0.7
    assert similarity(STORY, "A train of 12 carriages leaves Oslo at noon. When does it arrive?") < 0.1


def test_a_repeated_run_is_not_the_same_text():
    assert similarity("a b c a b c a b c", "a b c a b c") < 1


def test_the_closest_come_first_and_strangers_not_at_all():
    table = SketchTable()
    for key, text in enumerate([STORY.replace("4", "9"), "Something else altogether, with other words.", STORY]):
        table.add(key, sketch_of(text))
    assert table.closest(sketch_of(STORY)) == [2, 0]
    table.add(3, sketch_of(STORY + " Say why."))
    assert table.closest(sketch_of(STORY), count=2) == [2, 3]
    assert SketchTable().closest(sketch_of(STORY)) == []
