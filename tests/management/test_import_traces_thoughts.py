"""Thoughts by every name a file may give them: imported, exported by every option, and imported again."""

import io
import json
import uuid
from pathlib import Path

import pytest
from django.core.management import call_command

from trajectories.core.completions.parts import thoughts_in
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.exporters import Thoughts
from trajectories.core.identity import content_hash
from trajectories.core.problems import statement_hash
from trajectories.models import Export, Problem, Trace
from trajectories.selectors.completions import parts_of
from trajectories.services.curation.reviews import submit_review
from trajectories.services.imports.direct import import_traces
from trajectories.services.releases.exports import export_path, request_export, write_export
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.services.verification.queue import verify_traces

pytestmark = pytest.mark.django_db
CASES = Path(__file__).parents[1] / "data" / "cases"


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "exports"


def bring_in(case: str) -> list[Trace]:
    call_command("import_problems", CASES / case / "problems.jsonl")
    call_command("import_traces", CASES / case / "traces.jsonl", "--skip-bad")
    verify_traces(trace_ids=list(Trace.objects.values_list("pk", flat=True)))
    return list(Trace.objects.order_by("pk"))


def import_rows(*rows) -> list[Trace]:
    data = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    report = import_traces(actor=None, files=[("rows.jsonl", io.BytesIO(data))], on_fault="all_or_nothing")
    assert report.fault_count == 0, report.faults
    return list(Trace.objects.filter(pk__in=report.trace_ids).order_by("pk"))


def exported(lead, trace, export_format, thoughts=Thoughts.REASONING_CONTENT, with_meta=False) -> tuple[dict, Export]:
    """The one row of a file made of a trace."""
    if not trace.decision:
        submit_review(reviewer=lead, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    release = freeze_accepted(actor=lead, title="Accepted", key=uuid.uuid4())
    export = request_export(
        actor=lead, release=release, export_format=export_format, thoughts=thoughts, with_meta=with_meta
    )
    assert write_export(job_id=export.pk)
    (line,) = export_path(export).read_text().splitlines()
    return json.loads(line), export


def known_again(export) -> bool:
    """Whether importing the file finds what is known already, and nothing else."""
    with export_path(export).open("rb") as file:
        report = import_traces(actor=None, files=[("again.jsonl", file)], on_fault="all_or_nothing")
    return (report.inserted, report.duplicates, report.fault_count) == (0, 1, 0)


def shape(trace: Trace) -> list[tuple[str, str]]:
    return [(part.kind.value, part.text.strip()) for part in parts_of(trace)]


def test_thoughts_reach_a_trainer_in_a_field_of_their_own(lead):
    (trace,) = bring_in("b02-thoughts-to-trainer")
    assert shape(trace) == [("thinking", "Two twos."), ("content", "4")]
    row, export = exported(lead, trace, "sft-messages")
    assert row["messages"][-1] == {"role": "assistant", "content": "4", "reasoning_content": "Two twos."}
    assert known_again(export)


def test_no_name_of_thoughts_is_dropped():
    traces = bring_in("b03-names-of-thoughts")
    assert len(traces) == 11
    for trace in traces:
        assert shape(trace) == [("thinking", "Two twos."), ("content", "4")], trace.problem.name
        assert (trace.answer, trace.correctness) == ("4", "pass")
    last = next(trace for trace in traces if trace.problem.name == "b03-earlier-turn")
    assert json.loads(last.prompt.body)[1] == {"role": "assistant", "content": "3?", "reasoning_content": "Hm."}
    signed = next(trace for trace in traces if trace.problem.name == "b03-parts-thinking")
    assert signed.parts[0]["data"]["signature"] == "x"
    pictured = next(trace for trace in traces if trace.problem.name == "b03-parts-input")
    assert pictured.facts["left_out"] == {"image_url": 1}


SPELLINGS = {
    "field": {"content": "4", "reasoning_content": "Two twos.\n"},
    "renamed": {"content": "4", "reasoning": "Two twos."},
    "parts": {
        "content": [{"type": "thinking", "thinking": "Two twos.", "signature": "s"}, {"type": "text", "text": "4"}]
    },
    "tags": {"content": "<think>\nTwo twos.\n</think>\n\n4"},
    "no opening": {"content": "Two twos.\n</think>\n\n4"},
    "channels": {
        "content": "<|channel|>analysis<|message|>Two twos.<|end|><|start|>assistant<|channel|>final<|message|>4"
    },
    "begin_of_thought": {"content": "<|begin_of_thought|>Two twos.<|end_of_thought|>4"},
    "brackets": {"content": "[THINK]Two twos.[/THINK]4"},
    "earlier turn": {"content": "4", "thinking": "Two twos."},
}
EARLIER = [
    {"role": "user", "content": "Two plus two?"},
    {"role": "assistant", "content": "<think>Hm.</think>3?"},
]


def row_of(name: str) -> dict:
    asked = [{"role": "user", "content": "Two plus two?"}]
    asked = [*EARLIER, *asked] if name == "earlier turn" else asked
    return {"model": "m", "messages": [*asked, {"role": "assistant", **SPELLINGS[name]}]}


@pytest.fixture
def two(db) -> None:
    problem = CASES / "b02-thoughts-to-trainer" / "problems.jsonl"
    call_command("import_problems", problem)
    Problem.objects.update(statement="Two plus two?", statement_hash=statement_hash("Two plus two?"))


@pytest.mark.parametrize("name", SPELLINGS)
@pytest.mark.parametrize("thoughts", [how for how in Thoughts if how is not Thoughts.NONE])
def test_what_is_exported_with_its_thoughts_is_the_same_trace_again(lead, two, name, thoughts):
    (trace,) = import_rows(row_of(name))
    for export_format in ("sft-messages", "full"):
        row, export = exported(lead, trace, export_format, thoughts)
        assert "Two twos.\n\n4" not in json.dumps(row.get("messages", ""))
        assert known_again(export), row
        _, with_meta = exported(lead, trace, export_format, thoughts, with_meta=True)
        assert known_again(with_meta)


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_option_writes_thoughts_its_own_way_in_earlier_turns_too(lead, two, name):
    (trace,) = import_rows(row_of(name))
    for thoughts in Thoughts:
        row, _ = exported(lead, trace, "sft-messages", thoughts)
        answers = [turn for turn in row["messages"] if turn["role"] == "assistant"]
        said = [("3?", "Hm."), ("4", "Two twos.")][-len(answers) :]
        assert answers == [as_written(thoughts, *each) for each in said]


def as_written(thoughts, said, thought):
    if thoughts is Thoughts.TAGS:
        return {"role": "assistant", "content": f"<think>\n{thought}\n</think>\n\n{said}"}
    field = {} if thoughts is Thoughts.NONE else {thoughts.value: thought}
    return {"role": "assistant", "content": said, **field}


def test_the_spelling_makes_no_other_trace(two):
    assert len(import_rows(row_of("field"))) == 1
    assert import_rows(*(row_of(name) for name in SPELLINGS if name != "earlier turn")) == []


def test_what_was_known_before_parts_were_stored_is_still_known(two):
    """Its content hash counted the text as it came, marks and all."""
    (trace,) = import_rows(row_of("tags"))
    text, messages = trace.reasoning.body, json.loads(trace.prompt.body)
    old = content_hash([trace.problem.content_hash, messages, text, [], trace.answer, ""])
    assert old != trace.content_hash
    Trace.objects.update(content_hash=old, parts=None)
    assert import_rows(row_of("tags")) == []


@pytest.mark.parametrize("split", [False, True])
def test_a_file_imported_again_tells_the_thoughts_of_what_was_imported_before_parts_were(two, split):
    (trace,) = import_rows(row_of("renamed"))
    whole = [{"kind": "content", "start": 0, "end": len(trace.reasoning.body)}]
    Trace.objects.update(parts=whole if split else None)
    assert import_rows(row_of("renamed")) == []
    assert shape(Trace.objects.get()) == [("thinking", "Two twos."), ("content", "4")]


def test_a_text_that_ends_inside_its_thoughts_was_cut_off_and_answers_nothing(two):
    said = "<think>\nso \\boxed{4}, but wait"
    cut, stated = import_rows(
        {"question": "Two plus two?", "response": said},
        {"question": "Two plus two?", "response": said + "!", "finish_reason": "stop"},
    )
    assert (cut.answer, cut.finish_reason, stated.finish_reason) == (None, "length", "stop")
    verify_traces(trace_ids=[cut.pk])
    cut.refresh_from_db()
    assert cut.correctness == "unscored"
    assert cut.parts == [{"kind": "thinking", "start": 7, "end": len(said), "open": True}]


def test_items_of_the_responses_api_are_turns(two):
    (trace,) = import_rows(
        {
            "messages": [
                {"role": "user", "content": "Two plus two?"},
                {
                    "type": "reasoning",
                    "summary": [{"type": "summary_text", "text": "Run it."}],
                    "encrypted_content": "e",
                },
                {"type": "function_call", "call_id": "c", "name": "python", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c", "output": "4"},
                {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Two twos."}]},
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "4"}]},
            ]
        }
    )
    assert shape(trace) == [("thinking", "Two twos."), ("content", "4")]
    turn, result = json.loads(trace.prompt.body)[1:]
    assert (turn["reasoning_content"], turn["tool_calls"][0]["function"]["name"]) == ("Run it.", "python")
    assert turn["parts"][0]["data"] == {"encrypted_content": "e"}
    assert result == {"role": "tool", "tool_call_id": "c", "content": "4"}


def test_thoughts_between_two_texts_keep_their_order_in_an_archive(lead, two):
    content = [
        {"type": "text", "text": "First 3."},
        {"type": "thinking", "thinking": "No.", "signature": "s"},
        {"type": "text", "text": "It is 4."},
    ]
    asked = {"role": "user", "content": "Two plus two?"}
    (trace,) = import_rows({"messages": [asked, {"role": "assistant", "content": content}]})
    row, export = exported(lead, trace, "full")
    assert [part["kind"] for part in row["trace"]["parts"]] == ["content", "thinking", "content"]
    assert row["trace"]["parts"][1]["data"]["signature"] == "s"
    assert known_again(export)
    row, export = exported(lead, trace, "sft-messages")
    assert row["messages"][-1] == {"role": "assistant", "content": "First 3.\n\nIt is 4.", "reasoning_content": "No."}
    assert known_again(export)
    assert thoughts_in(parts_of(trace)) == "No."
