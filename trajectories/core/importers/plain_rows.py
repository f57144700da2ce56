"""Rows of a conversation, or of a question and an answer."""

from dataclasses import replace
from typing import Any

from trajectories.core.completions.messages import Piece, said_in, thoughts_of
from trajectories.core.completions.parts import build_completion
from trajectories.core.importers.batch_rows import has_embeddings, wrapped_text
from trajectories.core.importers.foreign_traces import ForeignTrace, Row
from trajectories.core.importers.question_rows import REFERENCES, question_row
from trajectories.core.importers.row_fields import (
    QUESTIONS,
    finish_of,
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
from trajectories.core.importers.row_prompts import MESSAGES, read_prompt
from trajectories.core.importers.row_scores import checks_in
from trajectories.core.importers.trace_turns import Turns, listed, read_said, read_turns, thoughts_beside
from trajectories.core.problems import ProblemError
from trajectories.core.problems.documents import check_text
from trajectories.core.records import JSON, FinishReason

RESPONSES = (
    *("response", "model_response", "model_output", "model_outputs", "output", "completion", "generated_text"),
    *("generated_solution", "generated_response", "generated_answer", "model_answer", "llm_response", "prediction"),
)
"""Columns that hold what a model answered, best first."""

BARE = frozenset(("messages", "tools"))
"""All that a row has that is a conversation and no more, as exports for training write it."""

NAMED = ("problem_id", "problem_hash", "task_id")


def is_plain(row: Row) -> bool:
    """Whether a row is an answer under one of its names, beside what it answers."""
    return _response_of(row) != ""


def _response_of(row: Row) -> str:
    if "response" in row:
        is_object = isinstance(row["response"], dict)
        return "" if is_object and wrapped_text(row) is None and not _may_be_told_wrong(row) else "response"
    asks = any(isinstance(row.get(name), str) for name in (*QUESTIONS, *NAMED))
    if not asks and not any(isinstance(row.get(name), list) for name in MESSAGES):
        return ""
    return next((name for name in RESPONSES if isinstance(row.get(name), str)), "")


def _may_be_told_wrong(row: Row) -> bool:
    """Whether an object as response is best refused as that: the row is no batch's, and asks something."""
    return not has_embeddings(row) and not isinstance(row.get("custom_id"), str)


def _unwrapped(row: Row) -> Row:
    """The row with the text of an answer that stands in an object, and with what promptfoo keeps around it: the prompt
    as it was sent, the provider as the model, whether it passed."""
    found = wrapped_text(row)
    if found is None:
        return row
    inner, prompt, provider, asked = (_object(row.get(name)) for name in ("response", "prompt", "provider", "vars"))
    told: dict[str, Any] = {**row, "response": found[1]}
    told |= {"prompt": prompt["raw"]} if isinstance(prompt.get("raw"), str) else {}
    told |= {"model": provider["id"]} if isinstance(provider.get("id"), str) and "model" not in row else {}
    if isinstance(row.get("provider"), str) and "model" not in row:
        told["model"] = row["provider"]
    told |= {name: asked[name] for name in ("question", "problem", *REFERENCES) if name in asked and name not in row}
    told |= {"passed": row["success"]} if isinstance(row.get("success"), bool) else {}
    tokens = _object(inner.get("tokenUsage"))
    usage = {"prompt_tokens": tokens.get("prompt"), "completion_tokens": tokens.get("completion")}
    return told if not tokens else {**told, "usage": {**usage, "cost": inner.get("cost", row.get("cost"))}}


def _object(value: JSON) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def is_conversation(row: Row) -> bool:
    """Whether a row is a list of messages, the last of them the answer."""
    return "messages" in row


def is_instruction(row: Row) -> bool:
    """Whether a row is an instruction, the input it is about and the output, as Alpaca's rows are."""
    return isinstance(row.get("instruction"), str) and isinstance(row.get("output"), str)


def read_plain(row: Row) -> list[ForeignTrace]:
    """The trace of a row that is a question and its answer. Raises ProblemError."""
    row = _unwrapped(row)
    name = _response_of(row) or "response"
    said = row.get(name)
    response = said if isinstance(said, list) else text_at(row, name, needed=True)
    pieces = read_said({**thoughts_beside(row), "content": response}, "")
    prompt, question = read_prompt({key: value for key, value in row.items() if key != name})
    return [_trace(row, pieces, prompt, question)]


def read_conversation(row: Row) -> list[ForeignTrace]:
    """The trace of a conversation: what the assistant said last. Raises ProblemError."""
    turns = read_turns(listed(row["messages"]), "messages")
    if turns.last is None:
        raise ProblemError("messages", "found no closing message of the assistant, expected one")
    before = replace(turns, last=None)
    asked, named = last_question(turns.before), row.get("problem")
    within = check_text(named, "problem") if isinstance(named, str) and named.strip() and named.strip() in asked else ""
    trace = _trace(row, turns.last, before, text_at(row, "question") or within or asked)
    return [replace(trace, of_any_model=row.keys() <= BARE)]


def _trace(row: Row, pieces: tuple[Piece, ...], prompt: Turns, question: str) -> ForeignTrace:
    """The trace of what a model said after a prompt."""
    usage, cost = usage_of(row)
    verdicts = tuple(checks_in(row))
    return ForeignTrace(
        problem=read_key(row, question),
        messages=prompt.all,
        **_said(pieces, finish_of(row)),
        model=model_of(row),
        temperature=temperature_of(row),
        usage=usage,
        cost=cost,
        facts={**sample_number(row), **prompt.facts},
        verdicts=verdicts,
        adds_verdicts=bool(verdicts),
        question_row=question_row(row, question),
        trace_id=trace_id_of(row),
    )


def _said(pieces: tuple[Piece, ...], finish_reason: JSON) -> dict[str, Any]:
    """What the model said, and why it ended: a text that ends inside its thoughts was cut off, if nothing else is
    stated."""
    response = said_in(pieces)
    reason = finished(finish_reason, response)
    built = build_completion(pieces)
    if finish_reason is None and built.parts and built.parts[-1].is_open:
        reason = FinishReason.LENGTH
    return {
        "response": response,
        "thinking": thoughts_of(pieces),
        "pieces": pieces,
        "finish_reason": reason,
        **({"built": built} if pieces else {}),
    }
