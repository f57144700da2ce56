import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.generation.agreement import count_votes, refusal


def refused(answers, stated=None, agrees=False, share=0.6, failed=0):
    return refusal(count_votes("numeric", {}, answers, failed), least_share=share, stated=stated, agrees=agrees)


def test_answers_that_mean_the_same_vote_together():
    votes = count_votes("numeric", {}, ["1/2", "0.5", "2", None])
    assert [(group.answer, group.votes) for group in votes.groups] == [("1/2", 2), ("2", 1), (None, 1)]
    assert (votes.majority, votes.votes, votes.share) == ("1/2", 2, 0.5)
    assert count_votes("choice", {"choices": ["red", "blue"]}, ["B", "blue", "A"]).votes == 2


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        (["7", "7", "7"], ""),
        (["7"], "Found 1 answers, expected at least 2"),
        (["7", "8"], "No answer has more votes than every other."),
        (["7", None, None], "No two samples give the same answer."),
        (["7", "7", "8", "9"], "2 of 4 samples agree (50%), expected at least 60%."),
        ([None, None], "No answer has more votes than every other."),
    ],
)
def test_what_the_votes_have_to_show(answers, why):
    assert refused(answers).startswith(why)
    assert bool(refused(answers)) == bool(why)


def test_a_majority_against_the_author_is_no_agreement():
    assert refused(["7", "7"], stated="8") == "2 of 2 samples agree, but on another answer than the author's."
    assert refused(["7", "7"], stated="7.0", agrees=True) == ""


@given(answers=st.lists(st.sampled_from(["1", "2", "one", None])), failed=st.integers(0, 3))
def test_every_vote_is_counted_once(answers, failed):
    votes = count_votes("text", {}, answers, failed)
    assert sum(group.votes for group in votes.groups) == votes.voters == len(answers)
    assert 0 <= votes.share <= 1
    assert votes.to_json()["failed"] == failed
