"""Decision schemas: what is stored is what was asked for, and nothing else is taken."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.curation.reviews import REJECTION_REASONS, Decision, ReviewDraft, ReviewError
from trajectories.core.curation.schemas import Blinding, DecisionSchema, StepMode
from trajectories.core.faults import Fault

words = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=40)
schemas = st.builds(
    DecisionSchema,
    reasons=st.lists(words, max_size=12, unique=True).map(tuple),
    anchors=st.just(()) | st.lists(words, min_size=5, max_size=5).map(tuple),
    scores=st.lists(words, max_size=6, unique=True).map(tuple),
    tags=st.lists(words, max_size=20, unique=True).map(tuple),
    steps=st.sampled_from(StepMode),
)


@given(schemas)
def test_what_is_stored_is_read_as_it_was(schema):
    assert DecisionSchema.from_json(schema.to_json()) == schema


@given(st.builds(Blinding, st.booleans(), st.booleans(), st.booleans()))
def test_blinding_is_stored_whole(blinding):
    assert Blinding.from_json(blinding.to_json()) == blinding


def test_nothing_said_asks_what_the_trace_page_asks():
    schema = DecisionSchema.from_json({})
    assert schema.reason_titles() == REJECTION_REASONS
    schema.check(ReviewDraft(Decision.REJECT, reason="lucky", step_labels={"0": "bad"}), 1)


@pytest.mark.parametrize(
    ("stored", "field", "sentence"),
    [
        ([], "", "found [], expected an object."),
        ({"colour": []}, "colour", "found 'colour', expected one of"),
        ({"steps": "some"}, "steps", "Steps: found 'some', expected one of off, each, first_error."),
        ({"reasons": "lucky"}, "reasons", "Reasons: found 'lucky', expected a list of texts."),
        ({"reasons": [" "]}, "reasons", "Reasons: found ' ', expected 1 to 40 characters."),
        ({"tags": ["x" * 41]}, "tags", "expected 1 to 40 characters."),
        ({"tags": ["a", "a"]}, "tags", "Tags: found 'a' twice, expected it once."),
        ({"scores": list("abcdefg")}, "scores", "Scores: found 7, expected at most 6."),
        ({"anchors": ["a"]}, "anchors", "Anchors: found 1, expected one for each score from 1 to 5."),
    ],
)
def test_what_is_no_schema_is_refused_with_its_field(stored: Any, field: str, sentence: str):
    with pytest.raises(Fault) as caught:
        DecisionSchema.from_json(stored)
    assert caught.value.field == field
    assert sentence in str(caught.value)


@pytest.mark.parametrize("stored", [[], {"reviews": 1}, {"colour": True}])
def test_what_is_no_blinding_is_refused(stored: Any):
    with pytest.raises(Fault):
        Blinding.from_json(stored)


def test_step_labels_where_none_are_asked_for_are_refused():
    with pytest.raises(ReviewError, match="this queue asks for none"):
        DecisionSchema(steps=StepMode.OFF).check(ReviewDraft(Decision.ACCEPT, step_labels={"0": "bad"}), 1)


def test_a_rejection_needs_a_reason_of_the_queue_and_no_scores():
    schema = DecisionSchema(reasons=("Units",), scores=("Clarity",))
    schema.check(ReviewDraft(Decision.REJECT, reason="Units"), 0)
    with pytest.raises(ReviewError, match="found 'lucky', expected one from the list"):
        schema.check(ReviewDraft(Decision.REJECT, reason="lucky"), 0)
