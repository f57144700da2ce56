import json
import math
import uuid

import pytest

from tests.factories import FLIP_PROGRAM, assert_counters_add_up, plan
from tests.samplers import mirror_result
from trajectories.core.identity import canonical_json, content_hash
from trajectories.core.records import Step, StepKind
from trajectories.models import PendingVerification, Text, Trace
from trajectories.services.runs.attempts import claim_batch
from trajectories.services.runs.embedded_sampling import sample_request
from trajectories.services.runs.lifecycle import cancel_run, pause_run
from trajectories.services.traces.storing import earlier_hashes, store_result


@pytest.fixture
def batch(db):
    return claim_batch(run_id=plan(samples_each=2).pk)


def draw(attempt, **values):
    return mirror_result(sample_request(attempt), **values)


def test_a_result_becomes_a_trace_that_awaits_its_verdicts(batch):
    attempt = batch.attempts[0]
    key = store_result(attempt=attempt, lease_token=batch.token, result=draw(attempt))
    trace = Trace.objects.select_related("attempt", "prompt", "program", "reasoning").get(pk=key)
    assert trace.attempt.state == "done"
    assert trace.prompt.body == canonical_json(
        [{"role": "user", "content": f"Find the rule of {attempt.problem.name}."}]
    )
    assert trace.program.body == FLIP_PROGRAM
    assert trace.answer == [[[9, 8, 7]]]
    assert trace.answer_hash == content_hash([[[9, 8, 7]]])
    assert trace.steps == [{"kind": "subtask", "title": "Mirror", "body": "Mirror each row.", "depth": 0, "data": {}}]
    assert (trace.seed, trace.sampler, trace.output_tokens) == (attempt.seed, attempt.run.sampler, 2)
    assert (trace.correctness, trace.decision) == ("", "")
    assert PendingVerification.objects.filter(trace=trace).exists()
    assert_counters_add_up(attempt.run)


@pytest.mark.parametrize("reasoning", ['Mirror \u00e9ach "row".', "x" * ((1 << 20) + 1)], ids=["short", "long"])
def test_the_same_content_has_the_same_hash_for_ever(batch, reasoning):
    attempt = batch.attempts[0]
    messages = ({"role": "user", "content": "Find the rule.", "parts": [0]},)
    result = draw(attempt, reasoning=reasoning, messages=messages)
    trace = Trace.objects.get(pk=store_result(attempt=attempt, lease_token=batch.token, result=result))
    asked = [{"role": "user", "content": "Find the rule."}]
    said = [reasoning, trace.steps, trace.answer, FLIP_PROGRAM]
    assert trace.content_hash == content_hash([attempt.problem.content_hash, asked, *said])


def test_equal_texts_are_stored_once(batch):
    for attempt in batch.attempts:
        store_result(attempt=attempt, lease_token=batch.token, result=draw(attempt, reasoning="The same."))
    assert Text.objects.count() == 3
    assert Trace.objects.values("content_hash").distinct().count() == 1


def test_how_long_a_tool_took_makes_no_other_trace(batch):
    for attempt, seconds in zip(batch.attempts, (0.031, 0.058), strict=True):
        steps = (Step(StepKind.TOOL_RESULT, "Result", "42", data={"status": "returned", "seconds": seconds}),)
        store_result(attempt=attempt, lease_token=batch.token, result=draw(attempt, reasoning="The same.", steps=steps))
    assert {trace.steps[0]["data"]["seconds"] for trace in Trace.objects.all()} == {0.031, 0.058}
    one, other = Trace.objects.all()
    assert one.content_hash == other.content_hash
    before = [
        earlier_hashes(
            t.problem,
            json.loads(t.prompt.body),
            vars(t),
            {t.reasoning_id: "The same.", t.program_id: FLIP_PROGRAM},
        )
        for t in (one, other)
    ]
    assert all(before)
    assert not before[0] & before[1], "files of then tell them apart, and are still known"


def test_a_closing_reply_is_not_stored_with_the_prompt(batch):
    asked = {"role": "user", "content": "Find the rule."}
    for attempt, reply in zip(batch.attempts, ("Mirror it.", "Turn it."), strict=True):
        messages = (asked, {"role": "assistant", "content": reply})
        store_result(attempt=attempt, lease_token=batch.token, result=draw(attempt, messages=messages))
    assert set(Trace.objects.values_list("prompt__body", flat=True)) == {canonical_json([asked])}


def test_nothing_is_stored_twice_or_without_the_lease(batch):
    attempt = batch.attempts[0]
    assert store_result(attempt=attempt, lease_token=uuid.uuid4(), result=draw(attempt)) is None
    assert not Text.objects.exists()
    assert store_result(attempt=attempt, lease_token=batch.token, result=draw(attempt)) is not None
    assert store_result(attempt=attempt, lease_token=batch.token, result=draw(attempt)) is None
    assert Trace.objects.count() == 1
    assert_counters_add_up(attempt.run)


def test_a_cancelled_run_takes_no_more_results_but_a_paused_one_keeps_what_is_in_flight(batch, lead):
    first, second = batch.attempts
    pause_run(actor=lead, run=first.run)
    assert store_result(attempt=first, lease_token=batch.token, result=draw(first)) is not None
    cancel_run(actor=lead, run=first.run)
    assert store_result(attempt=second, lease_token=batch.token, result=draw(second)) is None
    assert_counters_add_up(first.run)


def test_hostile_text_is_stored_with_replacement_characters(batch):
    attempt = batch.attempts[0]
    steps = (Step(StepKind.TEXT, "a\0", "b\udc80", data={"c\0": ["\0"]}),)
    result = draw(attempt, reasoning="x\0y\ud800", program="\0", steps=steps, answer=["\0"], facts={"k": "\0"})
    trace = Trace.objects.get(pk=store_result(attempt=attempt, lease_token=batch.token, result=result))
    assert trace.reasoning.body == "x\ufffdy\ufffd"
    assert trace.steps[0]["data"] == {"c\ufffd": ["\ufffd"]}
    assert trace.answer == ["\ufffd"]


@pytest.mark.parametrize("answer", [math.nan, [math.inf], {1, 2}])
def test_an_answer_json_has_no_form_for_changes_nothing(batch, answer):
    attempt = batch.attempts[0]
    with pytest.raises((ValueError, TypeError)):
        store_result(attempt=attempt, lease_token=batch.token, result=draw(attempt, answer=answer))
    assert not Trace.objects.exists()
    assert_counters_add_up(attempt.run)


def test_a_trace_without_a_program_has_none(batch):
    attempt = batch.attempts[0]
    key = store_result(attempt=attempt, lease_token=batch.token, result=draw(attempt, program=""))
    assert Trace.objects.get(pk=key).program_id is None
