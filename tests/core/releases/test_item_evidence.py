"""What releases keep of their items is read as it was written, and from older versions."""

import json

import pytest

from trajectories.core.releases.item_evidence import (
    ItemEvidence,
    NamedDecision,
    OriginalEvidence,
    RemovalEvidence,
    RestoredAssessments,
)

ORIGINAL = OriginalEvidence(7, edit="pass", correctness="fail", decision="undecided")
RESTORED = RestoredAssessments(
    trace="ab" * 32,
    trace_id=5,
    verdicts=({"verifier": "numeric", "version": 1, "outcome": "pass"},),
    reviews=({"reviewer": "reviewer 1", "decision": "accept"},),
    sampler="small 1",
    final=["reviewer 2", "accept", "", "Neat."],
)


@pytest.mark.parametrize(
    "evidence",
    [
        ItemEvidence((NamedDecision(3, "reviewer 1"),), (8, 9)),
        ItemEvidence(
            (NamedDecision(3, "reviewer 1"),), (8,), ORIGINAL, NamedDecision(2, "reviewer 2"), {"cd" * 32: [2, 1]}
        ),
        ItemEvidence(original=ORIGINAL, restored=RESTORED),
        ItemEvidence(restored=RestoredAssessments("ab" * 32, 5)),
        RemovalEvidence("texts", 1.0),
        RemovalEvidence("words", 0.75, "so many words"),
        RemovalEvidence(group="arc"),
        RemovalEvidence(),
    ],
)
def test_what_is_written_is_read_again(evidence):
    assert type(evidence).from_json(json.loads(json.dumps(evidence.to_json()))) == evidence


def test_only_what_is_there_is_stored():
    assert ItemEvidence().to_json() == {"reviews": [], "verdicts": []}
    assert set(ItemEvidence(original=ORIGINAL, restored=RESTORED).to_json()) == {"archived", "original"}
    assert "final" not in RestoredAssessments("ab" * 32, 5).to_json()
    assert RemovalEvidence().to_json() == {}
    assert RemovalEvidence("words", 0.75, "").to_json() == {"how": "words", "alike": 0.75, "shared": ""}


def test_items_of_older_versions_are_read():
    assert ItemEvidence.from_json({}) == ItemEvidence()
    assert ItemEvidence.from_json({"reviews": [3], "verdicts": [8]}) == ItemEvidence((NamedDecision(3, ""),), (8,))
