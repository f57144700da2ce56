"""Traces: storing what an attempt brought back."""

import uuid
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from trajectories.core.identity import canonical_json, content_hash, text_hash
from trajectories.core.records import JSON, SampleResult, Step
from trajectories.core.storable import storable_json, storable_text
from trajectories.core.verifiers.normal_forms import normal_answer
from trajectories.models import Attempt, PendingVerification, Problem, Run, Text, Trace
from trajectories.services.runs import lock_run


def store_result(*, attempt: Attempt, lease_token: uuid.UUID, result: SampleResult) -> Trace | None:
    """Store a sample, end its attempt and queue its verification; None where the lease is lost and so nothing happens.

    `attempt` comes with its run, problem and instruction. Raises ValueError or TypeError for a result that JSON has no
    form for.
    """
    trace, texts = build_trace(
        attempt.problem,
        result,
        attempt=attempt,
        run_id=attempt.run_id,
        sampler_id=attempt.run.sampler_id,
        instruction_id=attempt.instruction_id,
        temperature=attempt.temperature,
        seed=attempt.seed,
        parent_id=attempt.parent_id,
    )
    with transaction.atomic():
        lock_run(attempt.run_id)
        held = Attempt.objects.filter(pk=attempt.pk, state=Attempt.State.LEASED, lease_token=lease_token)
        if not held.update(
            state=Attempt.State.DONE,
            lease_token=None,
            lease_expires_at=None,
            error_kind="",
            error_message="",
            finished_at=Now(),
        ):
            return None
        store_texts(texts)
        trace.save(force_insert=True)
        PendingVerification.objects.create(trace=trace)
        Run.objects.filter(pk=attempt.run_id).update(
            done_count=F("done_count") + 1,
            cost=F("cost") + (result.cost or 0),
            **{name: F(name) + count for name, count in asdict(result.usage).items()},
        )
        Problem.objects.filter(pk=attempt.problem_id).update(trace_count=F("trace_count") + 1)
    return trace


def store_texts(bodies: dict[str, str]) -> None:
    """Store texts by hash, each once; in one order, so that concurrent writers cannot block each other in a circle."""
    rows = [Text(content_hash=key, body=body) for key, body in sorted(bodies.items())]
    Text.objects.bulk_create(rows, ignore_conflicts=True)


def build_trace(problem: Problem, result: SampleResult, **links: Any) -> tuple[Trace, dict[str, str]]:
    """The unsaved trace of a problem with its `links` to what it came from, and the texts it refers to by their hash.

    Raises ValueError or TypeError for a result that JSON has no form for.
    """
    messages, answer = _asked(storable_json(result.messages)), storable_json(result.answer)
    steps = [_step_json(step) for step in result.steps]
    prompt, reasoning = canonical_json(messages), storable_text(result.reasoning)
    program, raw = storable_text(result.program), storable_text(result.raw)
    texts = {text_hash(text): text for text in (prompt, reasoning, *filter(None, (program, raw)))}
    trace = Trace(
        problem=problem,
        **links,
        prompt_id=text_hash(prompt),
        reasoning_id=text_hash(reasoning),
        program_id=text_hash(program) if program else None,
        raw_id=text_hash(raw) if raw else None,
        steps=steps,
        answer=answer,
        answer_hash=content_hash(normal_answer(problem.kind, problem.spec, answer)),
        facts=storable_json(result.facts),
        hinted=result.facts.get("hinted") is True,
        finish_reason=str(result.finish_reason),
        latency_seconds=result.latency_seconds,
        cost=result.cost,
        content_hash=content_hash([problem.content_hash, messages, reasoning, steps, answer, program]),
        **asdict(result.usage),
    )
    return trace, texts


def _asked(messages: JSON) -> JSON:
    """The messages without a closing reply, which is the reasoning over again; what is left all samples share."""
    return messages[:-1] if messages and messages[-1].get("role") == "assistant" else messages


def _step_json(step: Step) -> JSON:
    return storable_json(
        {"kind": step.kind.value, "title": step.title, "body": step.body, "depth": step.depth, "data": step.data}
    )
