import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.curation.reviews import (
    Decision,
    ReviewDraft,
    ReviewError,
    Standing,
    StepLabel,
    is_disputed,
    settle,
    settle_first_error,
)
from trajectories.models import Trace

words = st.lists(st.sampled_from([Decision.ACCEPT, Decision.REJECT]))


def test_one_rejection_outweighs_any_number_of_acceptances():
    assert settle(["accept", "accept", "reject"]) == Standing.REJECTED
    assert settle(["accept", "accept"]) == Standing.ACCEPTED
    assert settle([]) == Standing.UNDECIDED


@given(words)
def test_the_order_of_words_does_not_matter(said):
    assert settle(said) == settle(reversed(said)) == settle(sorted(said))


def test_what_words_come_to_is_what_a_trace_can_hold():
    assert {str(standing) for standing in Standing} == set(Trace.Decision.values)


@pytest.mark.parametrize(
    ("draft", "part"),
    [
        (ReviewDraft(Decision.WITHDRAW), "decision"),
        (ReviewDraft(Decision.ACCEPT, score=0), "score"),
        (ReviewDraft(Decision.ACCEPT, score=6), "score"),
        (ReviewDraft(Decision.ACCEPT, reason="wrong_answer"), "reason"),
        (ReviewDraft(Decision.REJECT), "reason"),
        (ReviewDraft(Decision.REJECT, reason="bored"), "reason"),
        (ReviewDraft(Decision.REJECT, reason="other", comment="  "), "comment"),
        (ReviewDraft(Decision.ACCEPT, comment="x" * 10_001), "comment"),
        (ReviewDraft(Decision.ACCEPT, step_labels={"2": "good"}), "step_labels"),
        (ReviewDraft(Decision.ACCEPT, step_labels={"-1": "good"}), "step_labels"),
        (ReviewDraft(Decision.ACCEPT, step_labels={"01": "good"}), "step_labels"),
        (ReviewDraft(Decision.ACCEPT, step_labels={"²": "good"}), "step_labels"),
        (ReviewDraft(Decision.ACCEPT, step_labels={"9" * 5000: "good"}), "step_labels"),
        (ReviewDraft(Decision.ACCEPT, step_labels={"0": "great"}), "step_labels"),
        (ReviewDraft(Decision.ACCEPT, step_labels={"0": ["good"]}), "step_labels"),
    ],
)
def test_a_wrong_review_names_the_part_at_fault(draft, part):
    with pytest.raises(ReviewError) as raised:
        draft.check(step_count=2)
    assert raised.value.field == part


def test_a_whole_review_is_taken():
    ReviewDraft(Decision.ACCEPT, score=5, comment="Neat.", step_labels={"0": "good", "1": "neutral"}).check(2)
    ReviewDraft(Decision.REJECT, score=1, reason="lucky").check(0)


@pytest.mark.parametrize(
    ("words", "expected"),
    [([], False), (["accept"], False), (["reject", "reject"], False), (["accept", "accept", "reject"], True)],
)
def test_words_are_disputed_where_they_contradict_each_other(words, expected):
    assert is_disputed(words) is expected


@pytest.mark.parametrize(
    ("given", "settled"),
    [
        ({}, {}),
        ({"1": "good", "0": "neutral"}, {"0": "neutral", "1": "good"}),
        ({"2": "bad"}, {"0": "good", "1": "good", "2": "bad", "3": "unseen"}),
        ({"0": "bad", "2": "good", "3": "bad"}, {"0": "bad", "1": "unseen", "2": "unseen", "3": "unseen"}),
        ({"1": "neutral", "3": "bad"}, {"0": "good", "1": "neutral", "2": "good", "3": "bad"}),
        # The error was taken back: what followed from it goes too.
        ({"0": "good", "2": "unseen", "3": "unseen"}, {"0": "good"}),
    ],
)
def test_the_first_error_settles_the_other_steps(given, settled):
    assert settle_first_error(given, 4) == settled


@given(st.dictionaries(st.integers(0, 9).map(str), st.sampled_from(list(StepLabel)), max_size=10))
def test_settled_labels_stay_settled_and_are_valid(labels):
    settled = settle_first_error(labels, 10)
    assert settle_first_error(settled, 10) == settled
    ReviewDraft(Decision.ACCEPT, step_labels=settled).check(10)
    words = [settled[key] for key in sorted(settled, key=int)]
    assert words.count("bad") <= 1
    assert ("bad" in words) is (len(settled) == 10 and "bad" in labels.values())
