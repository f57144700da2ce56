import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.generation.canonical import canonical_hash
from trajectories.core.problems import ProblemError
from trajectories.core.prompts.variation import Variation, vary_grid

SIDES = st.integers(1, 4)


def grids(most_colours=10):
    return st.tuples(SIDES, SIDES).flatmap(
        lambda size: st.lists(
            st.lists(st.integers(0, most_colours - 1), min_size=size[1], max_size=size[1]),
            min_size=size[0],
            max_size=size[0],
        )
    )


def tasks(most_colours=10):
    pair = st.fixed_dictionaries({"input": grids(most_colours), "output": grids(most_colours)})
    return st.tuples(st.lists(pair, min_size=1, max_size=4), st.lists(pair, min_size=1, max_size=2))


def hash_of(train, test):
    return canonical_hash({"train": train, "test": [{"input": pair["input"]} for pair in test]}, outputs(test))


def outputs(test):
    return [pair["output"] for pair in test]


@given(
    task=tasks(3),
    symmetry=st.integers(0, 7),
    colours=st.permutations(range(10)),
    order=st.randoms(use_true_random=False),
)
def test_symmetry_colours_order_and_role_of_pairs_do_not_count(task, symmetry, colours, order):
    train, test = task
    variation = Variation(symmetry, tuple(colours))
    pairs = [
        {name: [list(row) for row in vary_grid(variation, pair[name])] for name in pair} for pair in [*train, *test]
    ]
    order.shuffle(pairs)
    at = order.randrange(1, len(pairs))
    assert hash_of(pairs[:at], pairs[at:]) == hash_of(train, test)


@given(task=tasks(), other=grids())
def test_another_output_is_another_task(task, other):
    train, test = task
    changed = [{**train[0], "output": [*train[0]["output"], train[0]["output"][0]]}, *train[1:]]
    assert hash_of(changed, test) != hash_of(train, test)


def test_colours_are_exchanged_for_the_whole_task_not_pair_by_pair():
    keeps = [{"input": [[1]], "output": [[2]]}, {"input": [[1, 1]], "output": [[2, 2]]}]
    differs = [{"input": [[1]], "output": [[2]]}, {"input": [[2, 2]], "output": [[1, 1]]}]
    test = [{"input": [[1, 1, 1]], "output": [[2, 2, 2]]}]
    assert hash_of(keeps, test) != hash_of(differs, test)


def test_an_unknown_output_counts_by_its_input():
    train = [{"input": [[1]], "output": [[2]]}]
    spec = {"train": train, "test": [{"input": [[3]]}]}
    assert canonical_hash(spec, None) == canonical_hash(spec, [None])
    assert canonical_hash(spec, None) != canonical_hash(spec, [[[4]]])


def test_many_pairs_that_look_alike_take_no_longer():
    train = [{"input": [[colour % 10]], "output": [[(colour + 1) % 10]]} for colour in range(60)]
    assert len(canonical_hash({"train": train, "test": [{"input": [[0]]}]}, None)) == 64


@pytest.mark.parametrize("spec", [{}, {"train": [{"input": [[1]]}], "test": []}, {"train": [], "test": [3]}])
def test_what_is_no_task_is_a_fault(spec):
    with pytest.raises(ProblemError, match="no ARC task"):
        canonical_hash(spec, None)
