"""Traces older than parts: split by what came over the wire, a few at a time, whatever else happens."""

import io
import json
import threading

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from tests import factories
from trajectories.models import Trace
from trajectories.selectors.completions import parts_of
from trajectories.services.completions import splitting
from trajectories.services.completions.splitting import count_unsplit, split_all, split_batch, split_for
from trajectories.services.verification.verdicts import trace_record
from trajectories.tasks.completions import sweep_unsplit

pytestmark = pytest.mark.django_db
HEADER = {"kind": "text", "title": "Thinking", "body": "", "depth": 0, "data": {}}


def step(title, depth=0):
    return {"kind": "text", "title": title, "body": f"{title}.", "depth": depth, "data": {}}


def completion(**message):
    return json.dumps({"choices": [{"message": {"role": "assistant", **message}, "finish_reason": "stop"}]})


def old(reasoning, raw=None, **values):
    """A trace as it was stored before parts were."""
    return factories.make_trace(
        reasoning=reasoning, raw=factories.make_text(raw) if raw else None, program="", parts=None, **values
    )


def told(trace):
    trace.refresh_from_db()
    text = trace.reasoning.body
    return [
        (part["kind"], part["text"] if "text" in part else text[part["start"] : part["end"]]) for part in trace.parts
    ]


def test_what_came_over_the_wire_tells_thoughts_and_answer_apart():
    raw = completion(content="It is 4.", reasoning="Two twos.")
    trace = old("Two twos.\n\nIt is 4.", raw, steps=[HEADER, step("Two twos", 1), step("It is 4")])
    assert [part.text for part in parts_of(trace)] == ["Two twos.", "It is 4."], "before the job has come to it, too"
    before = trace.content_hash
    assert split_batch() == 1
    assert told(trace) == [("thinking", "Two twos."), ("content", "It is 4.")]
    assert [step.get("part") for step in trace.steps] == ["thinking", "thinking", None]
    assert trace.content_hash == before, "releases name it"


def test_an_answer_is_looked_for_in_the_content_of_an_old_trace():
    trace = old("Perhaps \\boxed{5}?\n\nIt is 4.", completion(content="It is 4.", reasoning="Perhaps \\boxed{5}?"))
    assert trace_record(trace).content == ((20, 28),)


def test_of_an_agent_the_last_turn_is_the_trace_and_all_of_them_where_a_limit_ended_it():
    turns = [completion(content="Run.", reasoning="A."), completion(content="It is 4.", reasoning="B.")]
    raw = json.dumps([json.loads(turn) for turn in turns])
    ended = old("B.\n\nIt is 4.", raw)
    cut = old("A.\n\nRun.\n\nB.\n\nIt is 4.", raw, facts={"ended_by": "turns"})
    split_batch()
    assert told(ended) == [("thinking", "B."), ("content", "It is 4.")]
    assert told(cut) == [("thinking", "A."), ("content", "Run."), ("thinking", "B."), ("content", "It is 4.")]


def test_thoughts_that_were_dropped_come_back_from_the_wire():
    trace = old("It is 4.", completion(content="It is 4.", reasoning_details=[{"text": "Two twos.", "signature": "s"}]))
    split_batch()
    assert told(trace) == [("thinking", "Two twos."), ("content", "It is 4.")]
    assert trace.parts[0] == {
        "kind": "thinking",
        "text": "Two twos.",
        "source": "reasoning_details",
        "data": {"signature": "s"},
    }


@pytest.mark.parametrize("raw", [None, "no JSON", "[]", '{"error": {"message": "x"}}', "[[[[", '{"choices": 1}'])
def test_what_the_wire_does_not_tell_the_marks_do(raw):
    trace = old("<think>Hm.</think>It is 4.", raw)
    split_batch()
    assert told(trace) == [("thinking", "Hm."), ("content", "It is 4.")]


def test_nothing_is_split_twice_and_any_number_of_batches_end(monkeypatch):
    monkeypatch.setattr(splitting, "BATCH", 2)
    for number in range(5):
        old(f"<think>Hm.</think>It is {number}.")
    assert (count_unsplit(), list(split_all()), count_unsplit()) == (5, [2, 4, 5], 0)
    assert (split_batch(), split_for(1.0)) == (0, 0)


def test_a_trace_that_cannot_be_split_holds_up_no_other(monkeypatch):
    traces = [old("<think>Hm.</think>One."), old("<think>Hm.</think>Two.")]
    found = splitting.found_parts
    monkeypatch.setattr(splitting, "found_parts", lambda trace: 1 / 0 if trace.pk == traces[0].pk else found(trace))
    split_batch()
    assert [told(trace) for trace in traces] == [
        [("thinking", "Hm."), ("content", "One.")],
        [("thinking", "Hm."), ("content", "Two.")],
    ]


def test_the_sweep_does_what_the_command_says_is_left():
    old("<think>Hm.</think>It is 4.")
    said = io.StringIO()
    call_command("split_traces", "--left", stdout=said)
    sweep_unsplit()
    call_command("split_traces", "--left", stdout=said)
    call_command("split_traces", stdout=said)
    assert said.getvalue().splitlines() == ["1 left.", "none is left.", "Split 0 traces, none is left."]


def test_what_is_left_is_found_through_an_index():
    old("It is 4.")
    factories.make_trace(parts=[])
    with connection.cursor() as cursor:
        # The index is of use where some traces have parts: figures kept from a table without such a trace forbid it.
        cursor.execute("ANALYZE trajectories_trace")
        # So small a table is read whole, or along its key, unless that is forbidden; without the index it still is.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    assert "trace_unsplit" in Trace.objects.filter(parts__isnull=True).order_by("pk")[:5].explain()


@pytest.mark.django_db(transaction=True)
def test_a_trace_that_somebody_holds_is_left_for_later():
    held, free = old("<think>Hm.</think>One."), old("<think>Hm.</think>Two.")
    done: list[int] = []

    def split():
        done.append(split_batch())
        connection.close()

    with transaction.atomic():
        Trace.objects.select_for_update(no_key=True).get(pk=held.pk)
        worker = threading.Thread(target=split)
        worker.start()
        worker.join(timeout=60)
    assert done == [1]
    assert told(free) == [("thinking", "Hm."), ("content", "Two.")]
    assert count_unsplit() == 1
