"""Rows in which any one value is of a wrong type: a fault with its place, never another exception."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.importers.shape_rows import CASES
from tests.core.importers.test_shape_variants import TRACE
from tests.core.importers.test_trace_files import COMPLETION, FULL
from tests.mutations import ODD_VALUES, mutations, paths, replaced
from trajectories.core.importers.trace_files import SHAPES, read_traces, shape_of
from trajectories.core.problems import ProblemError

ASKED = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is 2 + 2?"}]
CALL = {"id": "a", "type": "function", "function": {"name": "run", "arguments": "{}"}}
ANSWERED = {
    "role": "assistant",
    "content": [{"type": "text", "text": "4"}],
    "reasoning_content": "Easy.",
    "tool_calls": [CALL],
}
ROWS = {
    "plain": {
        "problem_id": "p-1",
        "problem_hash": "a" * 64,
        "question": "What is 2 + 2?",
        "prompt": ASKED,
        "response": "4",
        "reasoning": "Two twos.",
        "model": "m-1",
        "temperature": 0.5,
        "finish_reason": "stop",
    },
    "conversation": {
        "messages": [*ASKED, ANSWERED],
        "meta": {"problem_id": "p-1", "sampler": "s 1"},
        "metadata": {"model": "m-1"},
        "temperature": 1,
        "finish_reason": "length",
    },
    "completion": {**COMPLETION, "problem_id": "p-1", "messages": ASKED},
    "batch": {
        "custom_id": "p-1",
        "response": {"status_code": 200, "body": COMPLETION},
        "error": None,
        "request": {"messages": ASKED, "temperature": 1},
    },
    "full": {
        **FULL,
        "trace": {**FULL["trace"], "hinted": True, "found": {"rule": "tagged", "start": 0, "end": 4}},
        "verdicts": [
            {
                "verifier": "numeric",
                "version": 1,
                "outcome": "pass",
                "message": "right",
                "score": 1.0,
                "evidence": {"answer": "4"},
                "seconds": 0.1,
                "engine": "sympy",
            }
        ],
        "reviews": [
            {
                "reviewer": "reviewer-1",
                "decision": "reject",
                "score": 2,
                "reason": "lucky",
                "comment": "No.",
                "step_labels": {"0": "bad"},
            }
        ],
    },
}
ROWS |= {
    "submission": {"problem_id": "p-1", "model": "m-1", "arc_submission": [{"attempt_1": [[1]], "attempt_2": [[2]]}]},
    "logged": {
        "doc_id": 0,
        "problem_id": "p-1",
        "doc": {"question": "What is 2 + 2?"},
        "arguments": {"gen_args_0": {"arg_0": "What is 2 + 2?", "arg_1": {"temperature": 0.5}}},
        "resps": [["4"]],
        "filter": "none",
        "filtered_resps": ["4"],
        "metrics": ["exact_match"],
        "exact_match": 1.0,
        "model": "m-1",
    },
    "verifier-trace": TRACE,
    "episode": {"id": "e", "env": {"id": "x"}, "traces": [TRACE]},
    "distilled": {
        "question": "What is 2 + 2?",
        "thinking_trajectories": ["Twos."],
        "attempt": "4",
        "score": 1,
        "uuid": "u",
    },
    "stepwise": {"prompt": "q", "completions": ["One.", "Two."], "labels": [True, False], "problem_id": "p-1"},
    "bench": {
        "problem": "What is 2 + 2?",
        "steps": ["One.", "Two."],
        "label": 1,
        "generator": "m",
        "final_answer_correct": True,
    },
}


ROWS |= {name: case.row for name, case in CASES.items()}


def outcome(row):
    """How many traces a row gives, or the fault's sentence."""
    try:
        return len(read_traces(row))
    except ProblemError as fault:
        return str(fault)


@pytest.mark.parametrize("name", ROWS)
def test_the_rows_themselves_are_read(name):
    assert outcome(ROWS[name]) in (1, 2)


def test_every_shape_has_a_row_here_that_is_read_by_it():
    """A new shape gets one, and stands before those whose keys its row has too."""
    passed_over = {"beside_rows": "results_1.json"}
    assert read_traces(passed_over) == []
    assert {shape_of(row).name for row in (*ROWS.values(), passed_over)} == {shape.name for shape in SHAPES}


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape.keys], ids=lambda shape: shape.name)
def test_no_row_has_a_shape_without_any_of_its_keys(shape):
    """Whoever adds a way to tell a shape names its keys too: rows without them are not asked."""
    rows = [{key: value for key, value in row.items() if key not in shape.keys} for row in ROWS.values()]
    assert not any(shape.is_one(row) for row in rows)


@pytest.mark.parametrize("name", ROWS)
def test_a_wrong_type_anywhere_is_a_fault_in_one_sentence(name):
    faults = [found for _, _, row in mutations(ROWS[name]) if isinstance(found := outcome(row), str)]
    assert len(faults) > 5
    assert all(0 < len(fault) < 400 and "\n" not in fault for fault in faults)


def test_a_kind_of_step_that_is_a_list_is_named_by_its_place():
    row = replaced(ROWS["full"], ("trace", "steps", 0, "kind"), [])
    assert outcome(row) == "trace.steps[0]: found an object with 5 keys, expected a step of a known kind"


ANYTHING = st.recursive(
    st.sampled_from(ODD_VALUES) | st.text(max_size=20) | st.floats() | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@given(st.data())
def test_no_combination_of_wrong_values_is_anything_but_a_fault(data):
    row = ROWS[data.draw(st.sampled_from(sorted(ROWS)))]
    for _ in range(data.draw(st.integers(1, 4))):
        row = replaced(row, data.draw(st.sampled_from(list(paths(row)))), data.draw(ANYTHING))
        if not isinstance(row, dict) or not list(paths(row)):
            return
    outcome(row)
