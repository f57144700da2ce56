import numpy as np
import pytest

from trajectories.core.generation.nearness import near_by_features, near_by_vectors, near_by_words, unit


def words(*numbers):
    return np.array(numbers, dtype=np.int32)


def test_rare_words_in_common_weigh_more_than_common_ones():
    # 0 is in four, 1 in three, 5 in two.
    rows = [words(0, 2, 3), words(0, 1, 4), words(0, 5, 6), words(0, 1, 5), words(), words(1, 8, 9)]
    near = near_by_words(words(0, 1, 5), rows)
    assert list(np.argsort(-near, kind="stable")) == [3, 2, 1, 5, 0, 4]
    assert near[3] == 1.0
    assert near[4] == 0.0
    assert list(near_by_words(words(7), [words(1), words(2)])) == [0.0, 0.0]
    assert list(near_by_words(words(), [words()])) == [0.0]


def test_features():
    rows = [np.array(row, dtype=np.float32) for row in ([1, 0, 1], [1, 1, 1], [0, 1, 0], [0, 0, 0])]
    assert list(near_by_features(rows[0], rows)) == pytest.approx([1.0, 2 / 3, 0.0, 1 / 3])


def test_vectors_are_near_by_their_direction_and_those_of_another_length_are_the_farthest():
    rows = [unit(each) for each in ([2.0, 2.0], [1e300, 0.0], [-1e-300, -1e-300], [1.0, 1.0, 1.0])]
    near = near_by_vectors(unit([0.5, 0.5]), rows)
    assert near.tolist() == pytest.approx([1.0, 0.5**0.5, -1.0, -1.0])
    assert unit([0.0, 0.0]).tolist() == [0.0, 0.0]
    assert near_by_vectors(rows[0], []).tolist() == []
