"""Rows of a conversation, or of a question and an answer."""

from typing import Any

from trajectories.core.completions.messages import Piece, said_in, thoughts_of
from trajectories.core.completions.parts import build_completion
from trajectories.core.importers.foreign_traces import ForeignTrace, Row
from trajectories.core.importers.question_rows import question_row
from trajectories.core.importers.row_fields import (
    finished,
    last_question,
    model_of_meta,
    read_key,
    temperature_of,
    text_at,
)
from trajectories.core.importers.trace_turns import Turns, read_said, read_turns, thoughts_beside
from trajectories.core.problems import ProblemError
from trajectories.core.records import JSON, FinishReason


def is_plain(row: Row) -> bool:
    """Whether a row is an answer under that name."""
    return "response" in row


def is_conversation(row: Row) -> bool:
    """Whether a row is a list of messages, the last of them the answer."""
    return "messages" in row


def is_instruction(row: Row) -> bool:
    """Whether a row is an instruction, the input it is about and the output, as Alpaca's rows are."""
    return isinstance(row.get("instruction"), str) and isinstance(row.get("output"), str)


def read_instruction(row: Row) -> list[ForeignTrace]:
    """The trace of a row that is an instruction and its output. Raises ProblemError."""
    about = row.get("input")
    asked = "\n\n".join(text for text in (row["instruction"], about) if isinstance(text, str) and text.strip())
    rest = {name: value for name, value in row.items() if name not in ("instruction", "input", "output")}
    return read_plain({**rest, "question": asked, "response": row["output"]})


def read_plain(row: Row) -> list[ForeignTrace]:
    """The trace of a row that is a question and its answer. Raises ProblemError."""
    question = text_at(row, "question")
    prompt = read_turns(row["prompt"], "prompt") if "prompt" in row else Turns((), None)
    said = row.get("response")
    response = said if isinstance(said, list) else text_at(row, "response", needed=True)
    pieces = read_said({**thoughts_beside(row), "content": response}, "")
    trace = ForeignTrace(
        problem=read_key(row, question),
        messages=prompt.all or (({"role": "user", "content": question},) if question else ()),
        **_said(pieces, row.get("finish_reason")),
        model=text_at(row, "model"),
        temperature=temperature_of(row),
        facts=prompt.facts,
        question_row=question_row(row, question or last_question(prompt.all)),
    )
    return [trace]


def read_conversation(row: Row) -> list[ForeignTrace]:
    """The trace of a conversation: what the assistant said last. Raises ProblemError."""
    turns = read_turns(row["messages"], "messages")
    if turns.last is None:
        raise ProblemError("messages", "found no closing message of the assistant, expected one")
    trace = ForeignTrace(
        problem=read_key(row, last_question(turns.before)),
        messages=turns.before,
        **_said(turns.last, row.get("finish_reason")),
        model=text_at(row, "model") or model_of_meta(row),
        temperature=temperature_of(row),
        facts=turns.facts,
        question_row=question_row(row, text_at(row, "question") or last_question(turns.before)),
    )
    return [trace]


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
