"""What is a reference, what is a score and what only counts, in rows that have numbers of all three kinds."""

import pytest

from tests.core.importers.test_shape_variants import told
from trajectories.core.importers.foreign_scores import read_score

ROLLOUT = {
    "example_id": 3,
    "prompt": [{"role": "user", "content": "What is 2 + 2?"}],
    "completion": [{"role": "assistant", "content": "It is 5."}],
    "answer": "4",
    "reward": 0.0,
}
METRICS = {"correct_answer": 0.0, "num_turns": 1, "total_tool_calls": 0}


@pytest.mark.parametrize(
    ("beside", "reference", "scores"),
    [
        (
            {"metrics": METRICS, "correct_answer": 0.0},
            "4",
            [("correct_answer", "fail"), ("num_turns", "unscored"), ("total_tool_calls", "unscored")],
        ),
        ({"metrics": METRICS, **METRICS, "answer": 4}, 4, None),
        ({"metrics": {"answer": 1.0}, "answer": 1.0, "info": {"answer": "4"}}, "4", [("answer", "pass")]),
        ({"metrics": {"correct_answer": 1.0}, "correct_answer": "7"}, "7", None),
        ({"correct_answer": 1.0}, "4", [("correct_answer", "pass")]),
        ({"correct_answer": 0}, "4", [("correct_answer", "fail")]),
        ({"correct_answer": "7"}, "7", []),
        ({"correct_answer": 1, "answer": ""}, 1, []),
        ({"target": True, "gold": 0}, "4", []),
    ],
)
def test_a_reward_that_is_called_like_a_reference_is_none(beside, reference, scores):
    ((found, verdicts),) = told({**ROLLOUT, **beside}, "reference", "scores")
    assert found == reference
    if scores is not None:
        named = [(name.removeprefix("verifiers "), outcome) for name, outcome in verdicts]
        assert named == [("reward", "fail"), *scores]


@pytest.mark.parametrize(
    ("name", "value", "outcomes"),
    [
        ("verifiers num_turns", 1, ["unscored"]),
        ("verifiers total_tool_calls", 0, ["unscored"]),
        ("verifiers python_calls", 1.0, ["unscored"]),
        ("inspect size/output_tokens", 1, ["unscored"]),
        ("generation_ms", 0, ["unscored"]),
        ("setup_seconds", 0.5, ["unscored"]),
        ("word_count", "1", ["unscored"]),
        ("turns", 1, ["unscored"]),
        ("total_reward", 1, ["pass"]),
        ("total_score", 0, ["fail"]),
        ("has_calls", True, ["pass"]),
        ("accuracy", 1, ["pass"]),
        ("rewards", [1, 0], ["pass", "fail"]),
        ("spans", [{"start": 0, "end": 1, "label": "x"}], ["unscored"]),
    ],
)
def test_a_number_that_counts_is_no_verdict(name, value, outcomes):
    assert [verdict.outcome.value for verdict in read_score(name, value)] == outcomes


RECORD = {"fields": {"question": "2 + 2?", "response": "4"}, "responses": {}, "suggestions": {}}
SPAN = {"start": 0, "end": 1, "label": "digit"}
RANKS = [{"value": "a", "rank": 1}, {"value": "b", "rank": 0}]


@pytest.mark.parametrize("value", [SPAN, [SPAN], [SPAN, SPAN], RANKS])
def test_what_people_marked_or_ranked_is_kept_whole(value):
    said = {"value": value, "user_id": "u", "status": "submitted"}
    assert told({**RECORD, "responses": {"q": [said]}}, "scores") == [[("annotator-u q", "unscored")]]
    assert told({**RECORD, "suggestions": {"q": {"value": value, "agent": "m"}}}, "scores") == [[("m q", "unscored")]]
    result = {"from_name": "q", "type": "labels", "value": {"start": 0, "end": 1, "labels": ["digit"]}}
    task = {"data": RECORD["fields"], "annotations": [{"completed_by": 7, "result": [result]}]}
    assert told(task, "scores") == [[("annotator-7 q", "unscored")]]
