"""What comes of a small true row of every shape that was made elsewhere; what is refused is refused by its name."""

import io
import json
import re

import pytest

from tests.core.importers.shape_rows import CASES, DEEPMATH, NEMO_SKILLS
from trajectories.core.completions.parts import thoughts_in
from trajectories.core.completions.thoughts import PartKind
from trajectories.core.curation.reviews import Decision
from trajectories.core.importers.foreign_scores import read_score, share_of
from trajectories.core.importers.limits import ImportLimits
from trajectories.core.importers.refused_rows import REFUSED
from trajectories.core.importers.trace_files import read_traces, shape_of
from trajectories.core.importers.trace_rows import read_document, read_lines
from trajectories.core.problems import ProblemError
from trajectories.core.prompts.segmentation import as_stored, cut_steps


@pytest.mark.parametrize("name", CASES)
def test_a_true_row_comes_in_with_all_that_it_says(name):
    case = CASES[name]
    traces = read_traces(case.row)
    assert shape_of(case.row).name == name
    assert [trace.response for trace in traces] == case.responses
    thoughts = [thoughts_in(trace.completion.parts) for trace in traces]
    assert thoughts == (case.thoughts or [""] * len(traces))
    found = [[(verdict.verifier, verdict.outcome.value) for verdict in trace.verdicts] for trace in traces]
    assert found == (case.verdicts or [[] for _ in traces])
    assert traces[0].finish_reason.value == case.finish
    assert traces[0].usage.output_tokens == case.tokens
    asked = traces[0].question_row
    assert (asked.get("question", ""), asked.get("answer")) == (case.question, case.reference)
    assert [(review.pseudonym, review.decision.value) for review in traces[0].reviews] == case.reviews


def test_a_sample_of_inspect_keeps_its_calls_its_tokens_and_its_cost():
    (trace,) = read_traces(CASES["sample"].row)
    kinds = [piece.kind for piece in trace.pieces]
    order = [PartKind.CONTENT, PartKind.TOOL_CALL, PartKind.TOOL_RESULT, PartKind.THINKING, PartKind.CONTENT]
    assert kinds == order
    assert trace.pieces[1].data["call"]["function"] == {"name": "add", "arguments": {"x": 2, "y": 2}}
    assert trace.pieces[2].data["result"]["content"] == "4, as a tool says"
    usage = trace.usage
    assert (usage.input_tokens, usage.cached_tokens, usage.reasoning_tokens) == (25, 5, 7)
    assert (str(trace.cost), trace.model, trace.temperature) == ("0.25000000", "lab/m", 0.5)
    assert trace.facts == {"custom_id": "sum-1", "alternative": 2}
    assert trace.problem.custom_id == "sum-1"
    assert trace.verdicts[0].message == "C: 4, as a tool says"
    assert [message["role"] for message in trace.messages] == ["system", "user"]


def test_a_sample_that_only_counts_is_found_by_what_it_asks():
    (trace,) = read_traces({**CASES["sample"].row, "id": 7})
    assert (trace.problem.name, trace.problem.custom_id, trace.problem.question) == ("", "", "What is 2 + 2?")


def test_a_trace_of_verifiers_is_its_last_branch_with_what_all_calls_took():
    (trace,) = read_traces(CASES["graph"].row)
    kinds = [piece.kind for piece in trace.pieces]
    order = [PartKind.CONTENT, PartKind.TOOL_CALL, PartKind.TOOL_RESULT, PartKind.THINKING, PartKind.CONTENT]
    assert kinds == order
    assert trace.pieces[1].data["call"]["function"] == {"name": "add", "arguments": '{"x": 2, "y": 2}'}
    usage = trace.usage
    assert (usage.input_tokens, usage.cached_tokens, usage.reasoning_tokens) == (35, 5, 3)
    assert (str(trace.cost), trace.model, trace.temperature) == ("0.75000000", "m-1", 0.7)
    assert trace.facts == {"custom_id": "g1", "agent": "solver", "branches": 2}
    assert (trace.problem.custom_id, trace.problem.question) == ("sum-1", "What is 2 + 2?")
    assert [message["role"] for message in trace.messages] == ["system", "user"]
    assert trace.verdicts[1].evidence == {"value": 1.0, "weight": 0.5}
    (stopped,) = read_traces({**CASES["graph"].row, "stop_condition": "max_turns", "calls": []})
    assert (stopped.finish_reason, stopped.model, stopped.temperature) == ("length", "lab/m", 0.5)


FAILED = "error: found a failed call, expected an answer; it says:"


@pytest.mark.parametrize(
    ("name", "change", "fault"),
    [
        ("sample", {"error": {"message": "Out of\nmemory"}}, f"{FAILED} Out of memory"),
        ("sample", {"attachments": {}}, "attachments: found no 'attachment://a2', expected every attachment"),
        ("rollout", {"error": {"error": "ModelError"}}, f"{FAILED} ModelError"),
        ("rollout", {"completion": []}, "completion: found nothing that the model said, expected its answer"),
        ("graph", {"ok": False, "errors": [{"type": "ProviderError", "message": "no\nanswer"}]},
         "errors: found a failed call, expected an answer; it says: ProviderError: no answer"),
        ("graph", {"nodes": []}, "nodes: found no message that none follows, expected at least one"),
        ("graph", {"nodes": [{"parent": 7, "message": {"role": "user", "content": "x"}}]},
         "nodes[0].parent: found 7, expected a node that comes before"),
        ("graph", {"nodes": "x"}, "found an object with 'id', 'task'"),
        ("episode", {"traces": []}, "errors: found a failed call, expected an answer; it says: the episode has no"),
        ("episode", {"traces": [3]}, "traces[0]: found 3, expected an object with nodes and a task"),
        ("shared", {"conversations": [{"from": "crowd", "value": "x"}]},
         "conversations[0]: found the speaker the text 'crowd', expected \"from\" (human, gpt, system or tool) and"),
        ("label-studio", {"data": {"image": 3}}, "data: found image, expected the text that was annotated as response"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(name, change, fault):
    with pytest.raises(ProblemError) as raised:
        read_traces({**CASES[name].row, **change})
    assert str(raised.value).startswith(fault)


def test_labels_of_steps_are_those_of_the_steps_that_are_stored():
    (trace,) = read_traces(CASES["labelled"].row)
    (review,) = trace.reviews
    assert review.step_labels == {"0": "good", "1": "good", "2": "bad"}
    steps = cut_steps("", trace.response, (), as_stored(trace.steps))
    assert [step["body"] for step in steps] == ["Two twos.", "So 4.", "So 5."]
    told = {at: trace.response[start:end] for at, (start, end) in review.step_spans.items()}
    assert told == {"0": "Two twos.", "1": "So 4.", "2": "So 5."}
    assert review.reason == "wrong_reasoning"


def test_steps_that_were_written_before_are_all_kept_and_labelled_as_far_as_somebody_looked():
    row = CASES["labelled"].row
    before = ["Two twos.", "So 5.", "Done."]
    question = {**row["question"], "pre_generated_steps": before}
    (trace,) = read_traces({**row, "question": question, "label": {**row["label"], "steps": row["label"]["steps"][:2]}})
    assert trace.response == "Two twos.\n\nSo 5.\n\nDone."
    assert trace.reviews[0].step_labels == {"0": "good", "1": "good"}


@pytest.mark.parametrize("end", ["bad_problem", None])
def test_where_nobody_decided_on_the_solution_the_row_is_a_fault(end):
    row = CASES["labelled"].row
    with pytest.raises(ProblemError, match="with any other end nobody decided on the solution"):
        read_traces({**row, "label": {**row["label"], "finish_reason": end}})


def test_who_gave_up_labelled_steps_and_decided_nothing_unless_one_is_bad():
    """As the data set's own description has it: the labeler was stuck and moved on to the next problem."""
    row = CASES["labelled"].row
    label = {**row["label"], "finish_reason": "give_up"}
    (trace,) = read_traces({**row, "label": {**label, "steps": label["steps"][:1]}})
    (review,) = trace.reviews
    assert (review.decision, review.reason, review.comment) == (Decision.WITHDRAW, "", "Gave up.")
    assert (review.step_labels, trace.has_answer) == ({"0": "good"}, False)
    (wrong,) = read_traces({**row, "label": label})
    assert wrong.reviews[0].decision is Decision.REJECT
    whole = {**row["question"], "pre_generated_steps": ["Two twos.", "# Answer\n\n4"]}
    (written,) = read_traces({**row, "question": whole, "label": {**label, "steps": label["steps"][:1]}})
    assert (written.has_answer, written.reviews[0].decision) == (True, Decision.WITHDRAW)


def test_what_a_verifier_gave_a_solution_of_prm800k_is_kept_and_decides_nothing():
    row = CASES["labelled"].row
    (trace,) = read_traces({**row, "question": {**row["question"], "pre_generated_verifier_score": 0.98}})
    assert [(one.verifier, one.outcome.value, one.score) for one in trace.verdicts] == [
        ("PRM800K verifier", "unscored", 0.98)
    ]


def test_a_person_who_only_rates_has_decided_nothing_and_what_was_cancelled_is_counted():
    (trace,) = read_traces(CASES["label-studio"].row)
    (review,) = trace.reviews
    assert (review.score, review.comment, review.reason) == (4, "Clear.", "")
    assert trace.facts["annotations_cancelled"] == 1
    assert [verdict.evidence["value"] for verdict in trace.verdicts[1:]] == [12, 2]
    assert "example.org" not in repr(trace)
    (drafted,) = read_traces(CASES["argilla"].row)
    assert drafted.facts["responses_not_submitted"] == 1
    assert (drafted.reviews[0].reason, drafted.reviews[0].comment) == ("other", "Too short.")


def test_nemo_skills_and_deepmath():
    (trace,) = read_traces(NEMO_SKILLS)
    assert (trace.response, trace.usage.output_tokens) == ("So \\boxed{4}", 9)
    said = [(verdict.verifier, verdict.outcome.value) for verdict in trace.verdicts]
    assert said == [("symbolic_correct", "pass"), ("judgement", "fail")]
    assert [trace.response for trace in read_traces(DEEPMATH)] == ["one", "two", "three"]


def test_an_attempt_is_placed_by_its_pair_and_named_once():
    row = CASES["attempts"].row
    first, second = read_traces(row)
    assert first.answer == [[[3, 3]], [[4, 4]]]
    assert second.answer == [None, [[3, 3]]]
    assert (str(first.cost), first.verdicts[0].score) == ("0.75000000", 0.5)
    twice = [row["arc_attempts"][0], row["arc_attempts"][0]]
    with pytest.raises(ProblemError, match=r"pair_index: found 1 twice, expected each from 0 to 1 once"):
        read_traces({**row, "arc_attempts": twice})


@pytest.mark.parametrize(
    ("value", "share"),
    [("C", 1.0), ("I", 0.0), ("P", 0.5), ("N", 0.0), (True, 1.0), (0, 0.0), (0.25, 0.25), ("0.25", 0.25), (7, None),
     (-1, None), ("nan", None), ("a word", None), (None, None), ({}, None)],
)  # fmt: skip
def test_a_score_is_worth_a_share_or_is_none(value, share):
    assert share_of(value) == share
    (verdict,) = read_score("x", value)
    assert verdict.evidence["value"] == value


def test_a_long_name_of_a_score_keeps_its_end():
    names = {read_score(f"inspect {'long ' * 20}{end}", 1)[0].verifier for end in ("a", "b")}
    assert len(names) == 2
    assert all(len(name) <= 40 for name in names)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"object": "chat.completion.chunk", "choices": [{"delta": {"content": "4"}}]}, "a chunk of an"),
        ({"type": "response.output_text.delta", "delta": "4"}, "a chunk of an answer that was streamed"),
        ({"type": "content_block_delta", "delta": {"text": "4"}}, "a chunk of an answer that was streamed"),
        ({"custom_id": "a", "response": {"body": {"data": [{"object": "embedding"}]}}}, "embeddings"),
        ({"object": "embedding", "embedding": [0.1], "index": 0}, "embeddings"),
        ({"00576224": {"train": [], "test": []}, "007bbfb7": {"train": [], "test": []}}, "challenges of the ARC Prize"),
        ({"k1": {"train": [], "test": []}, "k2": {"train": [], "test": []}}, "challenges of the ARC Prize"),
        ({"k1": [[[3, 3]], [[4, 4, 4]]], "k2": [[[5, 5]]]}, "solutions of the ARC Prize"),
        ({"00576224": [[[1]]], "007bbfb7": [[[2]], [[3]]]}, "solutions of the ARC Prize"),
        ({"00d62c1b": {"n_examples": 1000, "runtime": 0.5}}, "the metadata of re-arc"),
        ({"input": [[1]], "output": [[2]]}, "an example of a task of re-arc"),
        ({"results": {"gsm8k": {}}, "configs": {}, "config": {"model_args": "x"}}, "results of lm-evaluation-harness"),
        ({"evalId": "e", "results": {"version": 3, "results": [{}]}}, "a report of promptfoo"),
        ({"input": "2 + 2? Step 1: 4 \u043a\u0438", "label": "2 + 2? Step 1: 4 +", "task": "GSM8K"},
         "a row of Math-Shepherd"),
        ({"adapter_spec": {}, "request_states": []}, "a file of HELM"),
        ({"instance_id": "id1", "predicted_text": "4", "stats": {}}, "a file of HELM"),
        ({"prompt_ids": [1], "completion_ids": [2], "advantage": 0.5}, "a rollout of a trainer"),
        ({"data": {"prompt": "q", "a": "x", "b": "y"}, "annotations": [
            {"result": [{"type": "pairwise", "value": {"selected": "left"}}]}]}, "a choice between two answers"),
        ({"run_id": "r", "nothing": 1}, "an object with 'run_id'"),
        ({"timestamp": "t", "data": {"game_id": "g", "frame": []}}, "a recording of ARC-AGI-3"),
        ({"run_id": "r", "event_id": 0, "type": "sampling", "data": {}}, "an event of a log of OpenAI evals"),
        ({"prompt": "q", "chosen": "a", "rejected": "b"}, "a pair of preferences"),
        ({"train": [], "test": []}, "an ARC task"),
        ({"responses_create_params": {"input": "q"}, "expected_answer": "4"}, "a task of NeMo Gym"),
        ({"id": 1, "epoch": 1, "input": "q", "target": "a", "scores": {}}, "a summary of a sample of inspect"),
        ({"problem": "q", "generations": "['a' 'b']"}, "generations that are written as text"),
        ({"problem": "q", "solution": "s"}, "a question with a worked solution"),
        ({"prompt": [], "reward_model": {}}, "a row of verl"),
        ({"question": "q", "answer": "a"}, "a question"),
        ({"one": 1}, "an object with 'one'"),
        ({}, "an empty object"),
    ],
)  # fmt: skip
def test_what_holds_no_trace_is_refused_by_its_name(row, said):
    with pytest.raises(ProblemError) as raised:
        read_traces(row)
    assert re.match(rf"found {re.escape(said)}[^;]*, expected", str(raised.value))


def test_every_name_that_is_refused_is_tried_here():
    assert len(REFUSED) == 26


def test_a_trace_of_too_many_steps_is_refused_by_the_limit():
    row = CASES["sample"].row
    with pytest.raises(ProblemError, match="found a trace of 5 steps, expected at most 4"):
        read_traces(row, ImportLimits(steps=4))


EVENTS = [
    {"spec": {"run_id": "r", "completion_fns": ["m"], "eval_name": "x"}},
    {"run_id": "r", "event_id": 0, "sample_id": "a", "type": "sampling", "data": {"prompt": "1?", "sampled": ["1"]}},
    {"run_id": "r", "event_id": 1, "sample_id": "b", "type": "match", "data": {"correct": False}},
    {"run_id": "r", "event_id": 2, "sample_id": "a", "type": "match", "data": {"correct": True, "expected": "1"}},
    {"run_id": "r", "event_id": 3, "sample_id": "b", "type": "sampling", "data": {"prompt": "2?", "sampled": "2"}},
    {"run_id": "r", "event_id": 4, "sample_id": "c", "type": "match", "data": {"correct": True}},
    {"final_report": {"accuracy": 0.5}},
]


def test_events_of_samples_are_put_together_wherever_they_stand():
    data = "".join(json.dumps(event) + "\n" for event in EVENTS).encode()
    rows = dict(read_lines(io.BytesIO(data)))
    traces = [trace for row in rows.values() if isinstance(row, dict) for trace in read_traces(row)]
    assert [(trace.response, trace.model, trace.verdicts[0].outcome.value) for trace in traces] == [
        ("1", "m", "pass"),
        ("2", "m", "fail"),
    ]
    assert list(rows) == [2, 5, 6]
    assert str(rows[6]) == "found no answer of sample 'c', expected an event of sampling"


def document(value, name="rows.json", limits=None):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return [(place, row) for place, row, *_ in read_document(io.BytesIO(data), name, limits or ImportLimits())]


PLAIN = {"question": "q", "response": 'r "[{'}


def test_documents_are_read_value_by_value():
    assert document([PLAIN, PLAIN]) == [("[0]", PLAIN), ("[1]", PLAIN)]
    assert document(json.dumps([PLAIN, PLAIN], indent=2).encode()) == [("[0]", PLAIN), ("[1]", PLAIN)]
    assert document({"data": [PLAIN]}) == [("data[0]", PLAIN)]
    assert document(PLAIN) == [("", PLAIN)]
    assert document({"question": "q", "samples": ["a", "b"]}) == [("", {"question": "q", "samples": ["a", "b"]})]
    assert document([]) == document(b" \n") == []
    both = json.dumps(PLAIN).encode() + b"\n" + json.dumps(PLAIN).encode()
    assert document(both) == [("line 1", PLAIN), ("line 2", PLAIN)]


def test_a_log_of_inspect_gives_its_samples_with_what_it_says_of_all_of_them():
    raw = b'{"version": 2, "eval": {"model": "m"}, "results": {"x": NaN}, "samples": [{"id": 1, "v": NaN}]}'
    assert document(raw) == [("samples[0]", {"id": 1, "v": None, "inspect_eval": {"model": "m"}})]


def test_attempts_of_a_task_are_one_row():
    pairs = CASES["attempts"].row["arc_attempts"]
    assert document(pairs, "out/k7.json") == [("", {"problem_id": "k7", "arc_attempts": pairs})]
    pairs = [{"attempt_1": {"answer": GRID, "metadata": {"task_id": "k8", "pair_index": 0}}}]
    assert document(pairs, "out/k7.json")[0][1]["problem_id"] == "k8"


GRID = [[1]]


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        (b'[{"a": 1}, {"a": ', ["found the end of the file inside of a value, expected a whole JSON document"]),
        (b'[{"a": 1} {"a": 1}]', ["found '{', expected , or ]"]),
        (b'[{"a": 1}', ["found the end of the file, expected , or ]"]),
        (b'[{"a": 1, "a": 2}, 3]', ["found the key 'a' twice in one object, expected it once",
                                    "found 3, expected an object"]),
        (b'{"a": 1, "a": 2}', ["found the key 'a' twice in one object, expected it once"]),
        (b'{"a": [1, }', ["a column 5: found the text '}', expected JSON (Expecting value)"]),
        (b"3", ["found '3', expected a list or an object as JSON"]),
        (b'[{"a": 1}] x', ["found more behind the end of the document, expected one JSON document"]),
        (b"[]]", ["found more behind the end of the document, expected one JSON document"]),
        (b"\xff\xfe[", ["found '\ufffd', expected a list or an object as JSON"]),
    ],
)  # fmt: skip
def test_a_broken_document_is_one_sentence(data, faults):
    assert [str(row) for _, row in document(data) if isinstance(row, ProblemError)] == faults


def test_an_element_that_is_too_long_is_passed_over_and_the_rest_is_read():
    long = {"question": "q", "response": "x" * 3_000_000 + '\\"]}'}
    found = document([PLAIN, long, PLAIN], limits=ImportLimits(row_bytes=1_000_000))
    assert [place for place, _ in found] == ["[0]", "[1]", "[2]"]
    assert str(found[1][1]) == "found more than 1,000,000 bytes in one element, expected less"
    assert found[2][1] == PLAIN
    whole = document([PLAIN, long, PLAIN])
    assert whole[1][1] == long
