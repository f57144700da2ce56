"""What marks on all samples of a problem come to for each of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.curation.groups import AnswerMark, GroupDraft, Mark
from trajectories.core.curation.reviews import Decision, ReviewError

SHOWN = {1: "a", 2: "a", 3: "b", 4: "b", 5: "c"}


def decided(draft: GroupDraft) -> dict[int, str]:
    return {item: str(each.decision) for item, each in draft.drafts(SHOWN).items()}


def test_the_best_of_one_answer_is_kept_and_all_else_is_rejected_each_for_its_reason():
    draft = GroupDraft(
        answers={"a": AnswerMark(best=2, reason="lucky"), "b": AnswerMark(reason="unclear")},
        reason="too_long",
        comment="Short.",
        seconds=10.0,
    )
    drafts = draft.drafts(SHOWN)
    assert decided(draft) == {1: "reject", 2: "accept", 3: "reject", 4: "reject", 5: "reject"}
    assert {item: each.reason for item, each in drafts.items()} == {
        1: "lucky", 2: "", 3: "unclear", 4: "unclear", 5: "too_long"
    }  # fmt: skip
    assert {(each.comment, each.seconds) for each in drafts.values()} == {("Short.", 2.0)}


def test_a_mark_of_a_sample_outweighs_that_of_its_answer():
    draft = GroupDraft(
        answers={"a": AnswerMark(Mark.KEEP), "b": AnswerMark(Mark.REJECT)}, samples={1: Mark.REJECT, 4: Mark.KEEP}
    )
    assert decided(draft) == {1: "reject", 2: "accept", 3: "reject", 4: "accept", 5: "reject"}


def test_without_any_mark_nothing_is_decided_unless_all_are_rejected_expressly():
    with pytest.raises(ReviewError, match="Nothing is marked"):
        GroupDraft(reason="lucky", answers={"a": AnswerMark(reason="lucky")}).drafts(SHOWN)
    assert set(decided(GroupDraft(reason="lucky", all_rejected=True)).values()) == {"reject"}


@given(
    st.dictionaries(st.integers(1, 60), st.sampled_from("abcdef"), min_size=1),
    st.dictionaries(
        st.sampled_from("abcdefg"),
        st.builds(
            AnswerMark, st.sampled_from([None, *Mark]), st.none() | st.integers(1, 60), st.sampled_from(["", "x"])
        ),
    ),
    st.dictionaries(st.integers(1, 60), st.sampled_from(list(Mark))),
)
def test_every_sample_that_was_shown_gets_one_decision_and_no_other(shown, answers, samples):
    draft = GroupDraft(answers, samples, reason="r", all_rejected=True)
    drafts = draft.drafts(shown)
    assert set(drafts) == set(shown)
    for item, each in drafts.items():
        assert each.decision in (Decision.ACCEPT, Decision.REJECT)
        assert bool(each.reason) is (each.decision is Decision.REJECT)
        if item in samples:
            assert (each.decision is Decision.ACCEPT) is (samples[item] is Mark.KEEP)
