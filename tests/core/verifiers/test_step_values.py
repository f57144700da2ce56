"""Counting completions, against a count by hand."""

from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.verifiers.step_values import (
    LONGEST_NAME,
    completion_messages,
    count_outcomes,
    joined,
    prefixes,
    values_verdict,
    values_verifier,
)

WORDS = st.sampled_from(["pass", "fail", "unscored", "error"])


@given(st.lists(st.lists(WORDS, max_size=6), max_size=5), st.sampled_from(["pass", "fail", "unscored", ""]))
def test_values_are_the_shares_of_right_completions_and_the_last_is_the_traces_own(completed, correctness):
    spans = [(place, place + 1) for place in range(len(completed) + 1)]
    verdict = values_verdict(
        sampler="m", completed=completed, correctness=correctness, segmentation="", spans=spans, engine=""
    )
    expected = []
    for outcomes in [*completed, [correctness]]:
        scored = [word for word in outcomes if word in ("pass", "fail")]
        expected.append(round(scored.count("pass") / len(scored), 6) if scored else None)
    assert verdict.evidence["steps"] == expected
    known = [share for share in expected if share is not None]
    assert (None if verdict.score is None else round(verdict.score, 6)) == (min(known) if known else None)
    assert verdict.outcome == "unscored"


def test_what_is_neither_right_nor_wrong_counts_on_neither_side():
    found = count_outcomes(["pass", "error", "unscored", "fail", "pass"])
    assert (found.right, found.wrong, found.others, found.share) == (2, 1, 2, 2 / 3)
    assert count_outcomes(["error"]).share is None


def test_a_trace_is_gone_on_from_after_every_step_but_the_last():
    text = "One.  \n\nTwo.\n\nThree."
    assert prefixes(text, [(0, 6), None, (8, 12), (14, 20)]) == ["One.", "", "One.  \n\nTwo."]
    assert prefixes(text, []) == []
    asked = [{"role": "user", "content": "?"}]
    assert [each["role"] for each in completion_messages(asked, "One.", continues=True)] == ["user", "assistant"]
    assert completion_messages(asked, "One.", continues=False)[-1]["role"] == "user"
    assert joined("The answer is", " 4.", continues=True) == "The answer is 4."
    assert joined("The answer is", "It is 4.", continues=False) == "The answer is\n\nIt is 4."


def test_names_fit_however_long_a_sampler_is_called():
    long, other = values_verifier("m" * 60 + "a"), values_verifier("m" * 60 + "b")
    assert len(long) == len(other) == LONGEST_NAME
    assert long != other
    assert values_verifier("m") == "step_values:m"
