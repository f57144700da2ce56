import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.exporters import EXPORTERS, ExportItem, Ways, encode_line, write_rows
from trajectories.core.importers.trace_files import read_traces
from trajectories.core.records import ProblemKind
from trajectories.core.tools.python import python_tool

SECRET = [[[6, 6, 6], [6, 0, 6]]]
PROGRAM = "def transform(grid):\n    return [row[::-1] for row in grid]\n"


def encode_row(exporter, item, *, with_meta):
    """The first row of an item as a line of its file."""
    return encode_line(next(write_rows(exporter, [item], Ways(with_meta=with_meta))).values)


def make_item(**values):
    """An edit of a trace that said something else."""
    values.setdefault("original", bare_item(reasoning="Nichts wird gespiegelt.", program=""))
    return bare_item(**values)


def bare_item(**values):
    fields = {
        "prompt": ({"content": "Löse das.", "role": "user"},),
        "reasoning": "Jede Zeile wird gespiegelt.",
        "program": PROGRAM,
        "answer": [[[9, 8, 7]]],
        "steps": ({"kind": "subtask", "title": "Mirror", "body": "…", "depth": 0, "data": {}},),
        "problem_name": "007bbfb7",
        "problem_kind": ProblemKind.ARC,
        "spec": {"train": [], "test": []},
        "reference": SECRET,
        "meta": {"trace_id": 7},
        "assessments": {
            "verdicts": [
                {"verifier": "arc_train", "outcome": "pass", "evidence": {"pairs": [{"predicted": [[1]]}]}},
                {"verifier": "arc_test", "outcome": "error", "evidence": {"pairs": [{"predicted": None}]}},
            ],
            "reviews": [],
        },
        **values,
    }
    return ExportItem(**fields)


OF_ONE_ITEM = [name for name, exporter in EXPORTERS.items() if list(exporter.rows([make_item()], Ways()))]
"""The formats that make a row of a plain item; test_contract.py gives all of them what they need."""


@pytest.fixture(params=OF_ONE_ITEM)
def exporter(request):
    return EXPORTERS[request.param]


text = st.text(st.characters(exclude_categories=["Cs"]))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | text, lambda inner: st.lists(inner) | st.dictionaries(text, inner)
)


@given(reasoning=text, program=text, answer=json_values, content=text)
def test_every_row_is_one_line_that_reads_back_as_it_was(reasoning, program, answer, content):
    prompt = ({"role": "user", "content": content},)
    original = bare_item(reasoning=f"{reasoning}!", program=program, prompt=prompt)
    item = make_item(reasoning=reasoning, program=program, answer=answer, prompt=prompt, original=original)
    for exporter in (EXPORTERS[name] for name in OF_ONE_ITEM):
        if exporter.name == "preference-openai" and not (content and next(exporter.rows([item], Ways()), None)):
            continue  # it takes no empty messages
        line = encode_row(exporter, item, with_meta=True)
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1
        assert b"\r" not in line
        (row,) = exporter.rows([item], Ways())
        meta = {} if exporter.name == "arc-submission" else {"meta": json.loads(json.dumps(row.meta))}
        assert json.loads(line) == {**json.loads(json.dumps(row.values)), **meta}
        assert row.meta["trace_id"] == 7


def test_rows_come_the_same_twice_and_carry_meta_only_when_asked(exporter):
    plain = encode_row(exporter, make_item(), with_meta=False)
    assert plain == encode_row(exporter, make_item(), with_meta=False)
    assert "meta" not in json.loads(plain)
    if exporter.name != "arc-submission":
        assert list(json.loads(encode_row(exporter, make_item(), with_meta=True)))[-1] == "meta"


def test_keys_keep_their_order_whatever_order_the_prompt_came_in(exporter):
    turned = make_item(prompt=({"role": "user", "content": "Löse das."},))
    assert encode_row(exporter, make_item(), with_meta=False) == encode_row(exporter, turned, with_meta=False)


def test_no_prompt_holds_the_reference_answer(exporter):
    row = next(exporter.rows([make_item()], Ways())).values
    prompt = row.get("prompt") or row.get("messages", [])[:1] or row.get("trace", {}).get("prompt", [])
    prompt = prompt or row.get("conversations", [])[:1] or row.get("input")
    assert json.dumps(SECRET) not in json.dumps(prompt)
    if exporter.name in ("sft-messages", "sft-prompt-completion", "sharegpt", "preference"):
        assert json.dumps(SECRET) not in json.dumps(row)


def test_text_stays_as_it_is_written(exporter):
    line = encode_row(exporter, make_item(problem_name="Löse das."), with_meta=False).decode()
    assert "\\u00f6" not in line
    assert "Löse das." in line or exporter.name == "arc-programs", "there is the prompt, or the problem's name"


def test_numbers_that_json_has_no_form_for_are_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode_row(EXPORTERS["full"], make_item(answer=float("nan")), with_meta=False)


def test_sft_messages_is_exactly_the_conversation_with_the_program_in_the_reply():
    row = EXPORTERS["sft-messages"].row(make_item())
    assert row == {
        "messages": [
            {"role": "user", "content": "Löse das."},
            {"role": "assistant", "content": f"Jede Zeile wird gespiegelt.\n\n```python\n{PROGRAM}```\n"},
        ]
    }


def test_a_program_that_the_reasoning_holds_is_not_said_twice():
    reasoning = f"So:\n```python\n{PROGRAM}```\nDone."
    row = EXPORTERS["sft-messages"].row(make_item(reasoning=reasoning))
    assert row["messages"][-1]["content"] == reasoning


def test_prompt_and_completion_together_are_the_messages():
    row = EXPORTERS["sft-prompt-completion"].row(make_item())
    assert [*row["prompt"], *row["completion"]] == EXPORTERS["sft-messages"].row(make_item())["messages"]


def test_prompt_only_has_the_answer_beside_the_prompt_as_text():
    row = EXPORTERS["prompt-only"].row(make_item())
    assert (json.loads(row["answer"]), row["problem_id"]) == (SECRET, "007bbfb7")
    assert EXPORTERS["prompt-only"].row(make_item(reference=None))["answer"] is None


def test_arc_programs_has_what_the_program_gave_for_every_pair():
    row = EXPORTERS["arc-programs"].row(make_item())
    assert (row["train_outputs"], row["test_outputs"]) == (["[[1]]"], [None])


def test_the_archive_says_what_an_answer_rests_on_and_whether_it_was_given_away():
    row = EXPORTERS["full"].row(make_item(reference_source="consensus", hinted=True, assessments={}))
    assert row["problem"]["reference_source"] == "consensus"
    assert row["trace"]["hinted"] is True
    (trace,) = read_traces(row)
    assert trace.facts == {"hinted": True}


CALL = {"id": "call-1", "type": "function", "function": {"name": "python", "arguments": '{"code": "1"}'}}
AGENT = (
    {"role": "system", "content": "Solve it."},
    {"role": "user", "content": "Löse das."},
    {"role": "assistant", "content": "", "reasoning_content": "Sizes first.", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "call-1", "content": "1"},
)


def test_what_an_agent_did_is_its_own_and_no_part_of_the_prompt():
    item = make_item(prompt=AGENT)
    asked = [dict(message) for message in AGENT[:2]]
    apart = EXPORTERS["sft-prompt-completion"].row(item)
    assert apart["prompt"] == EXPORTERS["prompt-only"].row(item)["prompt"] == asked
    assert [message["role"] for message in apart["completion"]] == ["assistant", "tool", "assistant"]
    assert apart["completion"][0]["tool_calls"] == [CALL]
    whole = EXPORTERS["sft-messages"].row(item)
    assert whole["messages"] == [*apart["prompt"], *apart["completion"]]
    assert whole["tools"] == apart["tools"] == [python_tool()]
    assert len(EXPORTERS["full"].row(item)["trace"]["prompt"]) == len(AGENT)


def test_an_earlier_answer_that_is_revised_is_part_of_the_prompt():
    turns = [("user", "Solve it."), ("assistant", "First try."), ("user", "Wrong: pair 1.")]
    item = make_item(prompt=tuple({"role": role, "content": content} for role, content in turns))
    row = EXPORTERS["sft-prompt-completion"].row(item)
    assert [message["content"] for message in row["prompt"]] == [content for _, content in turns]
    assert (len(row["completion"]), "tools" in row) == (1, False)


@pytest.mark.parametrize("calls", [7, [7], [{"function": 7}], [{"function": {"name": "search"}}], None, []])
def test_tools_that_are_not_known_are_not_made_up(calls):
    item = make_item(
        prompt=({"role": "user", "content": "?"}, {"role": "assistant", "content": "", "tool_calls": calls})
    )
    assert "tools" not in EXPORTERS["sft-messages"].row(item)


def test_arc_programs_are_of_arc_tasks_alone():
    question = make_item(problem_kind=ProblemKind.NUMERIC, reference="4")
    rows = EXPORTERS["arc-programs"].rows([question, make_item()], Ways())
    assert [row.values["task_id"] for row in rows] == ["007bbfb7"]
    assert not EXPORTERS["arc-programs"].takes(question)
