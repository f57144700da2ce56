"""Rows with two answers to one prompt, one of them preferred: no shape that is read has room for the other."""

from collections.abc import Mapping

from trajectories.core.records import JSON

PAIRS = (
    ("chosen", "rejected"),
    ("preferred_output", "non_preferred_output"),
    ("conversation_a", "conversation_b"),
    ("response_a", "response_b"),
    ("chosen_response", "rejected_response"),
)
"""Names of the two answers of a pair."""

ANSWERS = ("response", "completion", "answer", "generation", "output")
MARKS = (("1", "2"), ("_1", "_2"), ("-1", "-2"), ("_a", "_b"))
"""How records that people annotated tell two answers apart."""

REJECTED = ("rejected", "rejected_response", "rejected_messages", "rejected_output", "non_preferred_output")
"""Where a row has the answer that was not preferred, whatever the other one is called (`messages`, `response`)."""

KEYS = frozenset((*REJECTED, *(names[1] for names in PAIRS)))
"""Of these a pair has at least one."""

NAME = "a pair of preferences"
ADVICE = "two answers to one prompt: write one row for each, with its text as response"


def is_pair(row: Mapping[str, JSON]) -> bool:
    """Whether a row has two answers to one prompt, one of them preferred."""
    if KEYS.isdisjoint(row):
        return False
    if any(isinstance(row.get(name), str | list | dict) and row[name] for name in REJECTED):
        return True
    return any(all(name in row for name in names) for names in PAIRS)


def has_two_answers(data: Mapping[str, JSON]) -> bool:
    """Whether the data of a record that people annotated are two answers, told apart by a number or a letter."""
    return any(all(f"{name}{mark}" in data for mark in marks) for name in ANSWERS for marks in MARKS)
