import random

from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.releases.rules import Sameness
from trajectories.core.releases.spreading import contend, drop_doubles, spread

SENTENCE = "the row is turned around so that what was first comes last and the colours stay as they are in every cell"
LOREM = SENTENCE.split()


def contender(key, text, program="", *, is_correct=True):
    return contend(key, (text, program), is_correct=is_correct, bodies=(text, program))


def test_the_same_text_stays_once_and_the_oldest_stays():
    traces = [contender(1, "a"), contender(2, "b"), contender(3, "a")]
    kept, doubles = drop_doubles(traces, Sameness(texts=True))
    assert [each.key for each in kept] == [1, 2]
    assert [(each.key, each.of, each.how) for each in doubles] == [(3, 1, "texts")]


def test_a_program_is_the_same_with_other_names_and_remarks():
    first = contender(1, "one", "def f(grid):\n    return grid[::-1]\n")
    renamed = contender(2, "two", "def f(g):\n    # turned around\n    return g[::-1]\n")
    other = contender(3, "three", "def f(g):\n    return g[:]\n")
    kept, doubles = drop_doubles([first, renamed, other], Sameness(programs=True))
    assert [each.key for each in kept] == [1, 3]
    assert doubles[0].how == "program"
    assert len(drop_doubles([first, renamed, other], Sameness(texts=True))[0]) == 3


def test_like_texts_stay_once_from_the_threshold_on():
    changed = [*LOREM[:-1], "square"]
    traces = [contender(1, " ".join(LOREM)), contender(2, " ".join(changed)), contender(3, "quite another thought")]
    kept, doubles = drop_doubles(traces, Sameness(near=0.7))
    assert [each.key for each in kept] == [1, 3]
    assert doubles[0].alike >= 0.7
    assert len(drop_doubles(traces, Sameness(near=1.0))[0]) == 3


@given(st.lists(st.lists(st.sampled_from(LOREM), min_size=1, max_size=12), min_size=1, max_size=12), st.integers(1, 6))
def test_a_cap_takes_so_many_each_once_correct_ones_first_and_always_the_same(texts, count):
    traces = [contender(place, " ".join(words), is_correct=place % 2 == 0) for place, words in enumerate(texts)]
    chosen = spread(traces, count)
    assert len(chosen) == len(set(chosen)) == min(count, len(traces))
    assert spread(traces, count) == chosen
    correct = [traces[place].is_correct for place in chosen]
    assert correct == sorted(correct, reverse=True)


def test_the_most_different_come_first():
    near = " ".join(LOREM)
    traces = [contender(0, near), contender(1, near + " twice"), contender(2, "count the cells, then draw a frame")]
    assert spread(traces, 2) == [0, 2]


def test_what_is_dropped_does_not_depend_on_chance():
    generator = random.Random(3)
    texts = [" ".join(generator.choices(LOREM[:3], k=8)) for _ in range(40)]
    first = drop_doubles([contender(key, text) for key, text in enumerate(texts)], Sameness(near=0.3))
    again = drop_doubles([contender(key, text) for key, text in enumerate(texts)], Sameness(near=0.3))
    assert first == again
    assert first[1]
