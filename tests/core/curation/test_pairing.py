"""Which pairs people are given: they connect, nobody gets one twice, overlap is exact, and there is an end."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.curation.pairing import PER_TRACE, Contender, next_pair
from trajectories.core.curation.ranking import connected

TRACES = st.lists(st.sampled_from("abc"), min_size=0, max_size=9).map(
    lambda answers: [Contender(number, answer) for number, answer in enumerate(answers, 1)]
)


def run(traces, order, overlap=1):
    """Let people, in this order, compare until nobody gets anything; what each was given, in order."""
    had = {person: [] for person in set(order)}
    everything = []
    idle = 0
    turn = 0
    while idle < len(order):
        person = order[turn % len(order)]
        turn += 1
        taken = Counter(pair for other, pairs in had.items() if other != person for pair in pairs)
        pair = next_pair(traces, taken, had[person], overlap=overlap)
        if pair is None:
            idle += 1
            continue
        idle = 0
        had[person].append(pair)
        everything.append(pair)
    return had, everything


@given(TRACES, st.integers(1, 4))
def test_all_traces_are_connected_after_the_fewest_comparisons_and_each_is_compared_often_enough(traces, people):
    _, given_out = run(traces, list(range(people)))
    assert len(given_out) == len(set(given_out))
    for pairs in (given_out, given_out[: max(len(traces) - 1, 0)]):
        if len(traces) > 1:
            assert len(connected(pairs)) == 1
            assert {trace for pair in pairs for trace in pair} == {trace.id for trace in traces}
    degree = Counter(trace for pair in given_out for trace in pair)
    for trace in traces:
        assert degree[trace.id] >= min(PER_TRACE, len(traces) - 1)
    assert len(given_out) <= PER_TRACE * len(traces)


@given(TRACES, st.integers(2, 3))
def test_with_overlap_each_pair_goes_to_exactly_so_many_people_and_to_nobody_twice(traces, overlap):
    had, given_out = run(traces, [0, 1, 2], overlap)
    assert set(Counter(given_out).values()) <= {overlap}
    for pairs in had.values():
        assert len(pairs) == len(set(pairs))


def test_different_answers_come_first():
    traces = [Contender(1, "a"), Contender(2, "a"), Contender(3, "b")]
    assert next_pair(traces, {}, []) == (1, 3)


def test_a_pair_that_is_skipped_is_not_given_again_and_another_one_connects():
    traces = [Contender(1, "a"), Contender(2, "b"), Contender(3, "c")]
    assert next_pair(traces, {}, [(1, 2)]) == (1, 3)


def test_one_trace_or_none_has_nothing_to_be_compared_with():
    assert next_pair([], {}, []) is None
    assert next_pair([Contender(1, "a")], {}, []) is None
