"""One valid file of each kind that can be imported, to be spoiled; the traces are of one problem."""

import gzip
import random
from collections.abc import Iterator
from typing import Any

from tests.crawl.contents import Content, as_json, broken, documents, encode, json_lines, table, tables, zips

PROBLEM, HASH = "sum-1", "5" * 64
"""By name and by content hash, the problem that the traces are of."""
PAIR = {"input": [[1, 2], [3, 4]], "output": [[2, 1], [4, 3]]}
TASK = {"train": [PAIR, PAIR], "test": [PAIR, {"input": [[5]]}]}
USAGE = {
    "prompt_tokens": 10,
    "completion_tokens": 20,
    "total_tokens": 30,
    "cost": 0.001,
    "prompt_tokens_details": {"cached_tokens": 2},
    "completion_tokens_details": {"reasoning_tokens": 5},
}
USER, ASSISTANT = {"role": "user", "content": "What is 2 + 2?"}, {"role": "assistant", "content": "It is 4."}
CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
CHOICE = {"index": 0, "message": {**ASSISTANT, "reasoning_content": "Hm."}, "finish_reason": "stop"}
COMPLETION = {"id": "x", "model": "m", "choices": [CHOICE], "usage": USAGE}
TRACES: tuple[dict[str, Any], ...] = (
    {
        "problem_id": PROBLEM,
        "response": "It is \\boxed{4}.",
        "reasoning": "Two and two.",
        "model": "m",
        "temperature": 0.5,
        "finish_reason": "stop",
        "prompt": [USER],
        "metadata": {"note": "x"},
    },
    {"question": "What is 2 + 2?", "response": "4"},
    {
        "problem_hash": HASH,
        "problem_id": PROBLEM,
        "messages": [
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": [{"type": "text", "text": "What is 2 + 2?"}]},
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "c1", "name": "look", "content": "4"},
            {**ASSISTANT, "reasoning_content": "Hm."},
        ],
        "meta": {"problem_id": PROBLEM, "model": "m"},
    },
    {
        "problem": {"name": PROBLEM, "kind": "numeric", "statement": "What is 2 + 2?", "spec": {}, "reference": "4"},
        "trace": {
            "prompt": [USER],
            "reasoning": "It is 4.",
            "program": "",
            "answer": "4",
            "found": {"start": 6, "end": 7, "how": "last line"},
            "hinted": False,
            "steps": [{"kind": "text", "title": "Add", "body": "2 + 2", "depth": 1, "data": {"a": [1, None]}}],
        },
        "verdicts": [
            {
                "verifier": "numeric",
                "version": 1,
                "outcome": "pass",
                "message": "right",
                "score": 1.0,
                "evidence": {"expected": "4", "pairs": [{"ok": True}]},
                "seconds": 0.1,
                "engine": "python",
            }
        ],
        "reviews": [
            {
                "reviewer": "reviewer-1",
                "decision": "accept",
                "score": 4,
                "reason": "",
                "comment": "Good.",
                "step_labels": {"0": "good"},
            }
        ],
        "meta": {"model": "m"},
    },
    {**COMPLETION, "problem_id": PROBLEM, "messages": [USER], "request": {"messages": [USER], "temperature": 1}},
    {"custom_id": PROBLEM, "response": {"status_code": 200, "body": COMPLETION}, "error": None},
)
QUESTIONS: tuple[dict[str, Any], ...] = (
    {
        "question": "What is $3 + 4$?",
        "answer": "7",
        "solution": "It is \\boxed{7}.",
        "family": "sums",
        "difficulty": {"level": 2},
        "split": "train",
        "name": "s-1",
        "kind": "numeric",
    },
    {"question": "Which is even?", "choices": ["2", "3"], "answer": "A", "level": "Level 3"},
    {"question": "Which are even?", "choices": {"A": "2", "B": "3", "C": "4"}, "answer": ["A", "C"]},
    {"question": "Say a word in b.", "answer": "b+", "match": "regex", "examples": ["b", "bb"]},
    {"question": "Give an object.", "answer": {"a": 1}, "match": "json"},
    {
        "question": "Write add.",
        "answer": "def add(a, b):\n    return a + b\n",
        "tests": [{"arguments": [1, 2], "expected": 3}],
        "function": "add",
    },
)
CELLS = (
    {"question": "What is 5 + 4?", "answer": "9", "choices": "", "difficulty": "2", "split": "train", "name": "c-1"},
    {"question": "Which is odd?", "answer": "B", "choices": "2|3", "difficulty": "", "split": "eval", "name": "c-2"},
)


def _lines(rows: Any) -> bytes:
    return encode("".join(f"{as_json(row)}\n" for row in rows))


VALID = (
    Content("a task", "train_b01.json", encode(as_json(TASK))),
    Content("challenges", "arc_training_challenges.json", encode(as_json({"b02": TASK, "b03": TASK}))),
    Content("solutions", "arc_training_solutions.json", encode(as_json({"b02": [[[1]], [[2]]], "b03": [[[1]], None]}))),
    Content("questions", "train_questions.jsonl", _lines(QUESTIONS)),
    Content(
        "a table of questions",
        "train_questions.csv",
        encode(table(list(CELLS[0]), [list(row.values()) for row in CELLS])),
    ),
    Content("a table with tabs", "train_questions.tsv", encode("question\tanswer\nWhat is 5 + 6?\t11\n")),
    Content("a list of questions", "train_list.json", encode(as_json([{"question": "What is 5 + 7?", "answer": 12}]))),
    Content("packed questions", "train_packed.jsonl.gz", gzip.compress(_lines(QUESTIONS[:2]), mtime=0)),
    Content("traces", "traces.jsonl", _lines(TRACES)),
)
"""A kind that is new to an upload or a command belongs here, so that it is spoiled too."""


def hostile_contents(seed: int, each: int) -> Iterator[Content]:
    """All kinds of files, spoiled in all ways, `each` odd values for each way; which ones the seed draws.

    With one for each, every way to break bytes is tried on one of the kinds only.
    """
    draw = random.Random(seed)
    yield from VALID
    yield from json_lines("traces.jsonl", TRACES, draw, each)
    yield from json_lines("train_questions.jsonl", QUESTIONS, draw, each)
    yield from tables("train_questions.csv", CELLS, draw, each)
    yield from documents("train_challenges.json", [TASK], draw, each)
    yield from documents("solutions.json", [{"b02": [[[1]], None]}], draw, each)
    for turn, good in enumerate(VALID):
        for number, content in enumerate(broken(good, draw, each)):
            if each > 1 or number % len(VALID) == turn:
                yield content
    yield from zips(VALID[:3], draw, each)
