"""What came before an answer, in rows that have it in columns: a question or a prompt, and a system text if any."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from trajectories.core.importers.foreign_traces import Row
from trajectories.core.importers.row_fields import SYSTEM, asked_in, last_question, text_at
from trajectories.core.importers.trace_turns import Turns, read_turns
from trajectories.core.problems.documents import check_text
from trajectories.core.records import JSON

MESSAGES = ("prompt", "input", "source_prompt")
"""Columns that may hold the prompt as a list of messages."""


def read_prompt(row: Row) -> tuple[Turns, str]:
    """The turns before the answer, and the question among them, "" where there is none. Raises ProblemError."""
    listed = next((name for name in MESSAGES if isinstance(row.get(name), list)), "")
    question = text_at(row, "question") or asked_in(row)
    if listed:
        turns = read_turns(row[listed], listed)
        question = question or last_question(turns.all)
    else:
        turns = Turns((), None)
    if not turns.all:
        asked: tuple[dict[str, JSON], ...] = ({"role": "user", "content": question},) if question else ()
        earlier = read_turns(list(_history(row["history"])), "history").all if "history" in row else ()
        turns = Turns((*earlier, *asked), None)
    system = next((row[name] for name in SYSTEM if isinstance(row.get(name), str) and str(row[name]).strip()), "")
    if system and not any(message["role"] == "system" for message in turns.before):
        first: dict[str, JSON] = {"role": "system", "content": check_text(str(system), "system")}
        turns = replace(turns, before=(first, *turns.before))
    return turns, question


def _history(value: Any) -> Iterator[Mapping[str, JSON]]:
    """Earlier questions and answers in pairs, as LLaMA-Factory has them."""
    pairs = value if isinstance(value, list) else []
    for pair in pairs:
        if isinstance(pair, list) and len(pair) == 2:
            yield {"role": "user", "content": pair[0]}
            yield {"role": "assistant", "content": pair[1]}
