"""Nothing of a row is dropped without a count: what is read of odd places, what is left out, what nobody reads."""

import pytest

from tests.core.importers.shape_rows import CASES
from tests.core.importers.test_lm_eval_variants import SAMPLE
from tests.core.importers.test_shape_variants import ASKED, INSPECTED, SAID, told
from trajectories.core.importers.left_out import (
    MOST_NAMES,
    OTHERS,
    add_counts,
    left_out_of,
    unmapped_columns,
    unread_columns,
)
from trajectories.core.importers.trace_files import read_traces, shape_of
from trajectories.core.problems import ProblemError

IMAGE = {"type": "image", "image": "data:..."}
SHOWN = {"role": "tool", "content": [{"type": "text", "text": "4"}, IMAGE, {"type": "document"}]}
CALLED = {
    "role": "assistant",
    "content": [{"type": "data", "data": {}}],
    "tool_calls": [{"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}],
}
QUESTION = {"question": "2 + 2?"}
PARTS = "parts of messages that are no text: "


def lost(row):
    return dict(left_out_of(read_traces(row)))


@pytest.mark.parametrize(
    ("row", "counts"),
    [
        ({"prompt": [ASKED], "completion": [CALLED, SHOWN, SAID], "reward": 1}, {"image": 1, "document": 1, "data": 1}),
        ({**INSPECTED, "messages": [ASKED, CALLED, SHOWN, SAID]}, {"image": 1, "document": 1, "data": 1}),
        ({"messages": [{**ASKED, "images": ["a", "b"]}, SAID]}, {"images": 2}),
        ({"messages": [ASKED, {"role": "assistant", "content": None, "audio": {"data": "x", "transcript": "Four."}}]},
         {"audio": 1}),
        ({"candidates": [{"content": {"parts": [{"inlineData": {"data": "x"}}, {"text": "4"}]}}], "question": "q"},
         {"inlineData": 1}),
        ({"question": "q", "object": "chat.completion",
          "choices": [{"message": {"role": "assistant", "content": "4", "images": [{"type": "image_url"}]}}]},
         {"images": 1}),
        ({"question": "q", "type": "message", "role": "assistant",
          "content": [{"type": "text", "text": "4"}, {"type": "container_upload", "file_id": "f"}]},
         {"container_upload": 1}),
    ],
)  # fmt: skip
def test_what_is_no_text_in_any_message_is_counted(row, counts):
    found = {name.removeprefix(PARTS): count for name, count in lost(row).items() if name.startswith(PARTS)}
    assert found == counts


def test_what_was_said_aloud_is_what_was_said():
    sound = {"role": "assistant", "content": None, "audio": {"id": "a", "data": "x", "transcript": "Four."}}
    assert told({"messages": [ASKED, sound]}, "said") == ["Four."]
    parts = [{"executableCode": {"code": "2+2"}}, {"codeExecutionResult": {"output": "4"}}, {"text": "It is 4."}]
    (trace,) = read_traces({**QUESTION, "candidates": [{"content": {"parts": parts}}]})
    assert [piece.kind.value for piece in trace.pieces] == ["tool_call", "tool_result", "content"]


@pytest.mark.parametrize(
    ("name", "change", "counts"),
    [
        ("labelled", {}, {"other completions of steps": 1}),
        ("label-studio", {}, {"cancelled annotations": 1}),
        ("argilla", {}, {"responses that were not submitted": 1}),
        ("graph", {}, {"other branches of conversations": 1}),
        ("sample", {}, {}),
        ("events", {}, {}),
    ],
)
def test_what_a_trace_leaves_out_is_counted_by_what_it_is(name, change, counts):
    assert lost({**CASES[name].row, **change}) == counts


def test_flagged_completions_and_what_else_was_sampled_are_counted():
    row = CASES["labelled"].row
    steps = [{**row["label"]["steps"][0]}]
    steps[0]["completions"] = [{**one, "flagged": True} for one in steps[0]["completions"]]
    found = lost({**row, "label": {**row["label"], "steps": steps}})
    assert found == {"other completions of steps": 1, "flagged completions of steps": 2}
    events = CASES["events"].row["eval_events"]
    graded = {**events, "sampling 9": {"prompt": "Is it right?", "sampled": "C"}}
    assert lost({**CASES["events"].row, "eval_events": graded}) == {
        "other texts that were sampled for the same sample": 1
    }


@pytest.mark.parametrize(
    ("beside", "scores"),
    [
        ({"score": {"value": "C", "why": "so"}}, [("score", "pass")]),
        ({"scores": {"math": 1, "form": 0.5}}, [("scores/math", "pass"), ("scores/form", "fail")]),
        ({"rewards": [1, 0]}, [("rewards/0", "pass"), ("rewards/1", "fail")]),
        ({"reward_model": {"style": "rule", "ground_truth": "4"}}, []),
        ({"score": {}}, []),
    ],
)
def test_scores_that_are_objects_or_lists_are_scores(beside, scores):
    assert told({**QUESTION, "response": "4", **beside}, "scores") == [scores]


def test_scores_of_generations_are_those_of_each():
    row = {**QUESTION, "generations": ["4", "5"]}
    assert told({**row, "scores": {"math": [1, 0]}}, "scores") == [[("scores/math", "pass")], [("scores/math", "fail")]]
    assert told({**row, "labels": [1, False]}, "scores") == [[("label", "pass")], [("label", "fail")]]
    assert told({**row, "labels": ["a", "b"]}, "scores") == [[], []]
    rated = [{"text": "4", "score": {"value": 1}}, {"text": "5", "score": {"value": 0}}]
    assert told({**QUESTION, "generations": rated}, "scores") == [[("score", "pass")], [("score", "fail")]]


@pytest.mark.parametrize("name", ["correctness_math_verify", "finish_reasons", "is_reasoning_complete", "scores"])
def test_a_list_of_another_length_beside_generations_is_a_fault(name):
    with pytest.raises(ProblemError, match=f"{name}: found 1 entries beside 2 generations, expected one for each"):
        read_traces({**QUESTION, "generations": ["4", "5"], name: [True]})
    assert len(read_traces({**QUESTION, "generations": ["4", "5"], name: None, "tags": ["x"]})) == 2


def test_metrics_of_older_samples_of_lm_eval_are_their_columns():
    older = {name: value for name, value in SAMPLE.items() if name != "metrics"}
    assert told({**older, "resps": [["4"]], "acc": 0.0}, "scores") == [
        [("lm-eval no filter/exact_match", "pass"), ("lm-eval no filter/acc", "fail")]
    ]


def test_what_events_of_openai_evals_say_besides_is_kept():
    events = {
        "sampling": {"prompt": "2 + 2?", "sampled": "4", "model": "m-2",
                     "usage": {"prompt_tokens": 3, "completion_tokens": 5}},
        "metrics": {"choice": "C", "score": 1.0},
        "match": {"correct": True, "ideal": "4"},
    }  # fmt: skip
    row = {**CASES["events"].row, "eval_events": events}
    assert told(row, "model", "tokens", "reference", "scores") == [
        ("m-2", (3, 5), "4", [("evals metrics/score", "pass"), ("evals metrics/choice", "unscored"),
                              ("evals match", "pass")])
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "unread"),
    [
        ({**QUESTION, "response": "4", "score": 1, "notes": "x", "images": ["a"], "empty": None}, ["notes", "images"]),
        ({"messages": [ASKED, SAID], "source": "web", "tools": []}, ["source"]),
        ({**QUESTION, "generations": ["4"], "uuid": "u", "finish_reasons": ["stop"]}, ["uuid"]),
        ({"prompt": [ASKED], "completion": [SAID], "reward": 1, "metrics": {"m": 1}, "m": 1, "timing": {"s": 1}},
         ["timing"]),
        (CASES["sample"].row, []),
    ],
)  # fmt: skip
def test_columns_that_nobody_reads_are_named(row, unread):
    assert unread_columns(shape_of(row).name, row) == unread


def test_columns_that_no_place_is_in_are_named_and_names_are_bounded():
    row = {"out": {"said": "4"}, "a.b": "q", "by": "m", "none": None}
    assert unmapped_columns(row, ["out.said", "a.b"]) == ["by"]
    kept = {}
    add_counts(kept, {f"n{number}": 1 for number in range(MOST_NAMES + 5)})
    add_counts(kept, {"n1": 2, "late": 1})
    assert (kept["n1"], kept[OTHERS], len(kept)) == (3, 6, MOST_NAMES + 1)
