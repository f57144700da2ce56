"""Rollouts: a prompt, what a model did with it, and the rewards that an environment gave.

- `verifiers` results (`results.jsonl`): {"prompt", "completion", "reward", "metrics", "error", "stop_condition", ...}
- NeMo Gym: {"responses_create_params": {"input"}, "response": {...}, "reward"}
- prompt and completion as TRL and fine-tuning files have them, without rewards
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from trajectories.core.completions.messages import said_in, thoughts_of
from trajectories.core.importers.answer_rows import read_answers
from trajectories.core.importers.batch_rows import failed_call
from trajectories.core.importers.failed_rows import words_of_error
from trajectories.core.importers.foreign_scores import read_score
from trajectories.core.importers.foreign_traces import ForeignTrace, Row
from trajectories.core.importers.question_rows import (
    BESIDE,
    REFERENCES,
    has_reward_and_answer,
    is_bare_score,
    question_row,
)
from trajectories.core.importers.row_fields import (
    INPUTS,
    NUMBERS,
    TOKENS,
    finished,
    last_question,
    model_of,
    read_key,
    sample_number,
    temperature_of,
    text_at,
    trace_id_of,
    usage_of,
)
from trajectories.core.importers.row_scores import checks_in
from trajectories.core.importers.trace_turns import listed, read_turns
from trajectories.core.importers.transcripts import read_transcript
from trajectories.core.problems import ProblemError, describe
from trajectories.core.records import JSON, FinishReason, VerdictRecord

GYM = "responses_create_params"
LAST_TURN = "max_turns_reached"
CUT_OFF = ("max_total_completion_tokens", "prompt_too_long", "max_seq_len", "timeout")
"""Conditions of `verifiers` under which a rollout was cut off."""

NAMED_AS_ANSWER = "correct_answer"
"""A reward of `verifiers` that is called like a reference: in files without metrics 0 or 1 beside a text `answer`."""


NO_METRICS = frozenset(
    (*NUMBERS, *TOKENS, *INPUTS, *REFERENCES, *BESIDE, "id", "example_id", "reward", "temperature", "is_truncated")
) | {"is_completed", "error", "info", "task", "model"}
"""Columns of an older result of `verifiers` that are no metrics, though they may be numbers."""


def is_rollout(row: Row) -> bool:
    """Whether a row is a prompt and its completion."""
    return "completion" in row and "prompt" in row


def is_gym(row: Row) -> bool:
    """Whether a row is a rollout of NeMo Gym."""
    return isinstance(row.get(GYM), Mapping) and isinstance(row.get("response"), Mapping)


def read_rollout(row: Row) -> list[ForeignTrace]:
    """The trace of a rollout. Raises ProblemError, with an error's own words."""
    if error := row.get("error"):
        raise failed_call("error", words_of_error(error))
    prompt = row["prompt"] if row["prompt"] is not None else row.get("question")
    first, done = _messages(prompt, "user", "prompt"), _messages(row["completion"], "assistant", "completion")
    asked, pieces = read_transcript([*first, *done], "completion", given=len(first))
    # What a user said within the rollout is no problem.
    question = text_at(row, "question") or last_question(read_turns(first, "prompt").all) or last_question(asked.all)
    response = said_in(pieces)
    trace = ForeignTrace(
        problem=read_key(row, question),
        messages=asked.all,
        response=response,
        thinking=thoughts_of(pieces),
        pieces=pieces,
        model=model_of(row),
        temperature=temperature_of({"temperature": row.get("temperature", _sampling(row).get("temperature"))}),
        finish_reason=_end(row, response),
        usage=usage_of(row)[0],
        facts={**(request := _request(row)), **asked.facts},
        verdicts=tuple(_verdicts(row)),
        adds_verdicts=True,
        trace_id=trace_id_of(row),
        is_sample=("example_id" in row or "reward" in row) and "alternative" not in request,
        question_row=question_row(row, question),
    )
    return [trace]


def read_gym(row: Row) -> list[ForeignTrace]:
    """The trace of a rollout of NeMo Gym, whose answer is one of the Responses API. Raises ProblemError."""
    asked: Any = row[GYM]
    call = {**{name: value for name, value in row.items() if name != GYM}, "request": asked}
    verdicts = tuple(_verdicts(row))
    told = []
    for trace in read_answers(call):
        question = last_question(trace.messages)
        facts = {**trace.facts, **_request(row)}
        own = replace(trace, verdicts=verdicts, adds_verdicts=True, question_row=question_row(row, question))
        told.append(replace(own, facts=facts, is_sample="alternative" not in facts))
    return told


def _messages(value: JSON, role: str, path: str) -> list[Any]:
    value = listed(value)
    if isinstance(value, str):
        return [{"role": role, "content": value}]
    if isinstance(value, list):
        return value
    raise ProblemError(path, f"found {describe(value)}, expected text or a list of messages")


def _sampling(row: Row) -> Mapping[str, Any]:
    found = row.get("sampling_args")
    return found if isinstance(found, Mapping) else {}


def _end(row: Row, response: str) -> FinishReason:
    """A rollout that was truncated, or stopped by a limit, was cut off. One whose last turn was an answer was not, even
    where it had no turn left: so every rollout of a single turn ends."""
    stopped = row.get("stop_condition")
    if row.get("is_truncated") is True or stopped in CUT_OFF or (stopped == LAST_TURN and not _is_answered(row)):
        return FinishReason.LENGTH
    return finished(row.get("finish_reason"), response)


def _is_answered(row: Row) -> bool:
    """Whether a rollout ends with a text of the model that calls no tool."""
    completion = row["completion"]
    last = completion[-1] if isinstance(completion, list) and completion else completion
    if isinstance(last, Mapping):
        return last.get("role") == "assistant" and bool(last.get("content")) and not last.get("tool_calls")
    return isinstance(last, str)


def flat_metrics(row: Row) -> dict[str, JSON]:
    """The metrics of an older result of `verifiers`, which names them as it likes and has them in columns: every number
    that is nothing else."""
    if "example_id" not in row or "reward" not in row or isinstance(row.get("metrics"), Mapping):
        return {}
    return {
        name: value
        for name, value in row.items()
        if isinstance(value, int | float) and name not in NO_METRICS and not name.endswith("_ms")
    }


def _request(row: Row) -> dict[str, JSON]:
    """Which rollout of its example it is, as far as the row says so: the same words twice are two traces."""
    example = row.get("example_id", row.get("_ng_task_index"))
    named: dict[str, JSON] = {"custom_id": str(example)} if isinstance(example, str | int) else {}
    return {**named, **sample_number(row)}


def _verdicts(row: Row) -> Iterator[VerdictRecord]:
    """The reward, and every metric beside it; of older files and of TRL the columns that are scores."""
    if "reward" in row:
        yield from read_score("verifiers reward", row["reward"])
    metrics = row.get("metrics")
    if not isinstance(metrics, Mapping):
        flat = flat_metrics(row)
        yield from checks_in({name: value for name, value in row.items() if name != "reward" and name not in flat})
        for name, value in flat.items():
            yield from read_score(name, value)
        right = row.get(NAMED_AS_ANSWER)
        if has_reward_and_answer(row) and is_bare_score(right):
            yield from read_score(NAMED_AS_ANSWER, right)
        return
    for name, value in metrics.items():
        if value is not None:
            yield from read_score(f"verifiers {name}", value)
