"""Traces: storing what an attempt brought back."""

import json
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from functools import cache
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from trajectories.core.completions.parts import Completion, parts_from_json, parts_to_json, spoken, spoken_slices
from trajectories.core.completions.thoughts import Part, PartKind
from trajectories.core.identity import PIECE, JoinedText, canonical_json, canonical_list, content_hash, text_hash
from trajectories.core.records import JSON, SampleResult, Step, StepKind, Usage
from trajectories.core.text.storable import storable_json, storable_text
from trajectories.core.verifiers.arc_common import once_per_object
from trajectories.core.verifiers.normal_forms import normal_answer
from trajectories.models import Attempt, PendingVerification, Problem, Run, Trace
from trajectories.services.locks import hold_run
from trajectories.services.rows import insert_rows, row_of
from trajectories.services.spending.ledger import Payer, book
from trajectories.services.texts import store_texts

_COUNTS = tuple(field.name for field in fields(Usage))


def store_result(*, attempt: Attempt, lease_token: uuid.UUID, result: SampleResult) -> int | None:
    """Store a sample, end its attempt and queue its verification; returns the id of the trace, None where the lease is
    lost and so nothing happens.

    `attempt` comes with its run, problem and instruction. Raises ValueError or TypeError for a result that JSON has no
    form for.
    """
    return store_built(built=[build_attempted(attempt, result)], lease_token=lease_token)[0]


@dataclass(frozen=True, slots=True)
class Built:
    """A sample on its way into the database: the row of its trace, and the texts this refers to by their hash."""

    attempt: Attempt
    row: dict[str, Any]
    texts: Mapping[str, str]
    result: SampleResult


def build_attempted(attempt: Attempt, result: SampleResult) -> Built:
    """What is stored of an attempt's sample. Raises ValueError or TypeError for a result that JSON has no form for.

    An error from which the attempt was put back before stays with the sample as a fact.
    """
    if attempt.error_kind:
        earlier = {"kind": attempt.error_kind, "message": attempt.error_message, "claims": attempt.claims}
        result = replace(result, facts={**result.facts, "earlier_error": earlier})
    columns, texts = trace_columns(attempt.problem, result)
    links = {
        "problem_id": attempt.problem_id,
        "attempt_id": attempt.pk,
        "run_id": attempt.run_id,
        "sampler_id": attempt.run.sampler_id,
        "instruction_id": attempt.instruction_id,
        "temperature": attempt.temperature,
        "seed": attempt.seed,
        "parent_id": attempt.parent_id,
        "segmentation": attempt.run.segmentation,
    }
    return Built(attempt, {**_blank_row(), **columns, **links}, texts, result)


@cache
def _blank_row() -> Mapping[str, Any]:
    """What stands in the columns of a trace of which nothing else is known: made once, as a record takes longer to make
    than all else of its row."""
    return row_of(Trace())


def store_built(*, built: Sequence[Built], lease_token: uuid.UUID) -> list[int | None]:
    """Store samples of one run in one transaction, end their attempts and queue their verification.

    Returns the id of each sample's trace, in order; None for a sample whose attempt is leased by somebody else by now,
    of which nothing is stored.
    """
    of_attempt: dict[int, int] = {}
    with transaction.atomic():
        hold_run(built[0].attempt.run_id)
        ended = _end_attempts([item.attempt.pk for item in built], lease_token)
        if kept := [item for item in built if item.attempt.pk in ended]:
            of_attempt = _write(kept)
    return [of_attempt.get(item.attempt.pk) for item in built]


_END = """
UPDATE trajectories_attempt SET state = %s, lease_token = NULL, lease_expires_at = NULL, error_kind = '',
    error_message = '', finished_at = statement_timestamp()
WHERE id = ANY(%s) AND state = %s AND lease_token = %s RETURNING id
"""


def _end_attempts(ids: list[int], lease_token: uuid.UUID) -> set[int]:
    """End those of a run's attempts that are held by the lease; the run's row is locked."""
    with connection.cursor() as cursor:
        cursor.execute(_END, [Attempt.State.DONE.value, ids, Attempt.State.LEASED.value, lease_token])
        return {key for (key,) in cursor.fetchall()}


_COUNT = """
UPDATE trajectories_run SET done_count = done_count + %s, cost = cost + %s, input_tokens = input_tokens + %s,
    cached_tokens = cached_tokens + %s, reasoning_tokens = reasoning_tokens + %s, output_tokens = output_tokens + %s
WHERE id = %s
"""


def _write(kept: Sequence[Built]) -> dict[int, int]:
    """Write samples of one run, whose row is locked, and whose attempts have ended; returns the ids of their traces by
    those of their attempts."""
    store_texts({key: body for item in kept for key, body in item.texts.items()})
    now = timezone.now()
    rows = [item.row | {"created_at": now} for item in kept]
    of_attempt: dict[int, int] = dict(insert_rows(Trace, rows, returning=("attempt_id", "id")))
    waiting = [of_attempt[item.attempt.pk] for item in kept]
    insert_rows(PendingVerification, [{"trace_id": key, "claims": 0, "created_at": now} for key in waiting])
    usage = Usage()
    for item in kept:
        usage += item.result.usage
    cost = sum((item.result.cost or Decimal(0) for item in kept), Decimal(0))
    run = kept[0].attempt.run
    with connection.cursor() as cursor:
        counted = (usage.input_tokens, usage.cached_tokens, usage.reasoning_tokens, usage.output_tokens)
        cursor.execute(_COUNT, [len(kept), cost, *counted, run.pk])
        # Problem by problem, in one order: two runs that count the same ones wait for each other and never in a circle.
        for problem_id, count in sorted(Counter(item.attempt.problem_id for item in kept).items()):
            add = "UPDATE trajectories_problem SET trace_count = trace_count + %s WHERE id = %s"
            cursor.execute(add, [count, problem_id])
    _book(run, [item.result for item in kept], usage, cost)
    return of_attempt


def _book(run: Run, results: Sequence[SampleResult], usage: Usage, cost: Decimal) -> None:
    """Count in the day book what samples of a run took; those that were recalled took nothing."""
    paid = [result for result in results if result.usage.input_tokens or result.usage.output_tokens or result.cost]
    payer = Payer("run", run.pk, run.sampler_id, run.created_by_id)
    unpriced = sum(result.cost is None for result in paid)
    book(payer=payer, usage=usage, cost=cost, calls=len(paid), unpriced=unpriced)


def build_trace(problem: Problem, result: SampleResult, **links: Any) -> tuple[Trace, dict[str, str]]:
    """The unsaved trace of a problem with its `links` to what it came from, and the texts it refers to by their hash.

    Raises ValueError or TypeError for a result that JSON has no form for.
    """
    columns, texts = trace_columns(problem, result)
    return Trace(problem=problem, **links, **columns), texts


def trace_columns(
    problem: Problem, result: SampleResult, told: tuple[Part, ...] | None = None
) -> tuple[dict[str, Any], dict[str, str]]:
    """What a trace of a problem has in its columns, by name, but for what it came from, and the texts it refers to by
    their hash. `told` are the parts of the result where whoever asks has them: they need not be read again, which makes
    another copy of their texts. Raises as `build_trace`.
    """
    prompt, answer = _prompt_of(result.messages), storable_json(result.answer)
    steps = [step_json(step) for step in result.steps]
    reasoning, program, raw = (storable_text(text) for text in (result.reasoning, result.program, result.raw))
    reasoning_id = text_hash(reasoning)
    program_id, raw_id = (text_hash(text) if text else None for text in (program, raw))
    texts = {prompt.key: prompt.text, reasoning_id: reasoning}
    texts |= {key: text for key, text in ((program_id, program), (raw_id, raw)) if key is not None}
    parts = _parts(result.parts, reasoning) if told is None else told
    completion = Completion(reasoning, parts)
    columns = {
        "prompt_id": prompt.key,
        "reasoning_id": reasoning_id,
        "program_id": program_id,
        "raw_id": raw_id,
        "parts": parts_to_json(parts),
        "steps": steps,
        "answer": answer,
        "answer_hash": answer_hash(problem, answer),
        "facts": storable_json(result.facts),
        "hinted": result.facts.get("hinted") is True,
        "finish_reason": str(result.finish_reason),
        "latency_seconds": result.latency_seconds,
        "cost": result.cost,
        "content_hash": _content_hash(
            problem,
            prompt,
            [
                spoken(completion) if len(reasoning) <= PIECE else spoken_slices(completion),
                *(_without_times(_without_part(steps)), answer, program),
            ],
        ),
        **{name: getattr(result.usage, name) for name in _COUNTS},
    }
    return columns, texts


def _content_hash(problem: Problem, prompt: "_Prompt", said: Sequence[Any]) -> str:
    """The `content_hash` of [the problem's, what of the prompt counts, *said]. Of the prompt, which samples share, the
    JSON is made once."""
    if any(type(each) is JoinedText or (type(each) is str and len(each) > PIECE) for each in said):
        return content_hash([problem.content_hash, json.loads(prompt.counts), *said])
    return text_hash(f"[{canonical_json(problem.content_hash)},{prompt.counts},{canonical_list(said)[1:]}")


@dataclass(frozen=True, slots=True)
class _Prompt:
    """What is stored of the messages that were sent: their text and its hash, and what of them counts as content, as
    canonical JSON."""

    text: str
    key: str
    counts: str


@once_per_object
def _prompt_of(sent: Sequence[Mapping[str, JSON]]) -> _Prompt:
    """The prompt of messages, which the samples of one prompt share. Raises ValueError or TypeError for messages that
    JSON has no form for."""
    messages = _asked(storable_json(sent))
    text = canonical_json(messages)
    return _Prompt(text, text_hash(text), canonical_json(_without_order(messages)))


def answer_hash(problem: Problem, given: JSON) -> str:
    """The hash that equal answers to a problem share."""
    return content_hash(normal_answer(problem.kind, problem.spec, given))


def _asked(messages: JSON) -> JSON:
    """The messages without a closing reply, which is the reasoning over again; what is left all samples share."""
    return messages[:-1] if messages and messages[-1].get("role") == "assistant" else messages


def earlier_hashes(
    problem: Problem, sent: Sequence[Mapping[str, JSON]], columns: Mapping[str, Any], texts: Mapping[str, str]
) -> set[str]:
    """The content hashes that a trace of messages had in versions before this one: files and rows of then have them.

    Before its parts were stored its text counted as it came, marks and all; and how many seconds a tool took counted
    until samples with the same words were found to differ by them alone.
    """
    program = texts[columns["program_id"]] if columns["program_id"] else ""
    text, steps, answer = texts[columns["reasoning_id"]], _without_part(columns["steps"]), columns["answer"]
    bodies = [text]
    if _without_times(steps) != steps:
        bodies.append(spoken(Completion(text, parts_from_json(columns["parts"], text))))
    prompt = _prompt_of(sent)
    return {_content_hash(problem, prompt, [body, steps, answer, program]) for body in bodies}


def _parts(given: Sequence[JSON] | None, text: str) -> tuple[Part, ...]:
    """The parts of a text; one whole where its sampler knows no thoughts. Raises PartError, a ValueError."""
    if given is None:
        return (Part(PartKind.CONTENT, text, 0, len(text)),) if text.strip() else ()
    return parts_from_json(storable_json(list(given)), text)


def _without_order(messages: JSON) -> JSON:
    """The messages without what only tells the order of their parts, and what came with them."""
    return [{name: value for name, value in message.items() if name != "parts"} for message in messages]


def _without_part(steps: JSON) -> JSON:
    return [{name: value for name, value in step.items() if name != "part"} for step in steps]


def _without_times(steps: JSON) -> JSON:
    """The steps without the seconds that a tool took: the same words in another time are the same words."""
    return [
        {**step, "data": {name: value for name, value in step["data"].items() if name != "seconds"}}
        if step["kind"] == StepKind.TOOL_RESULT.value and "seconds" in step["data"]
        else step
        for step in steps
    ]


def step_json(step: Step) -> JSON:
    """The stored form of a step; that it is part of the thoughts is said only where it is."""
    part = {"part": PartKind.THINKING.value} if step.is_thinking else {}
    return storable_json(
        {"kind": step.kind.value, "title": step.title, "body": step.body, "depth": step.depth, "data": step.data} | part
    )
