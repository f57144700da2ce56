"""A small package of each kind of problem, with what is right and what is wrong for each."""

import json
from dataclasses import asdict

from trajectories.adapters.environments.package import PackageFacts, package_chunks
from trajectories.adapters.environments.wheels import wheel_filename
from trajectories.core.problems import problem_hash
from trajectories.core.records import ProblemKind, ProblemRecord

ARC_SPEC = {"train": [{"input": [[1, 2]], "output": [[2, 1]]}], "test": [{"input": [[3, 4]]}]}
PROBLEMS = {
    "sum": ProblemRecord(ProblemKind.NUMERIC, "sum", "What is 6 times 7?", {}, "42", "train"),
    "square": ProblemRecord(ProblemKind.NUMERIC, "square", "Expand (x-1)(x+1).", {}, "x^2-1", "train"),
    "prime": ProblemRecord(ProblemKind.CHOICE, "prime", "Which is a prime?", {"choices": ["4", "6", "7"]}, "C", "eval"),
    "city": ProblemRecord(ProblemKind.TEXT, "city", "What is the capital of France?", {}, "Paris", "validation"),
    "word": ProblemRecord(ProblemKind.TEXT, "word", "A word with oo?", {"match": "regex"}, "[a-z]*oo[a-z]*", "train"),
    "add": ProblemRecord(
        ProblemKind.TEXT,
        "add",
        "Write a function add(a, b).",
        {"function": "add", "tests": [{"arguments": [1, 2], "expected": 3}, {"arguments": [5, 5], "expected": 10}]},
        None,
        "train",
    ),
    "mirror": ProblemRecord(ProblemKind.ARC, "mirror", "", ARC_SPEC, [[[4, 3]]], "train"),
}


def code(body: str) -> str:
    """A reply that is a program."""
    return f"Here it is.\n\n```python\n{body}\n```\n"


RIGHT = {
    "sum": r"So the answer is \boxed{42}.",
    "square": r"\boxed{(x+1)(x-1)}",
    "prime": "Answer: C",
    "city": "Answer: paris",
    "word": "Answer: book",
    "add": code("def add(a, b):\n    return a + b"),
    "mirror": code("def transform(grid):\n    return [row[::-1] for row in grid]"),
}
WRONG = {
    "sum": r"\boxed{41}",
    "square": r"\boxed{x^2+1}",
    "prime": "Answer: A",
    "city": "Answer: Rome",
    "word": "Answer: cat",
    "add": code("def add(a, b):\n    return a - b"),
    "mirror": code("def transform(grid):\n    return grid"),
}

FACTS = PackageFacts(
    title='A "release" of ours',
    release_hash="0123456789abcdef" * 4,
    kinds={"arc": 1, "choice": 1, "numeric": 2, "text": 3},
    splits={"eval": 1, "train": 5, "validation": 1},
    verifiers=["arc_test 3", "numeric 4"],
    left_out={"without a reference answer": 2},
)
FILENAME = wheel_filename(FACTS.package, FACTS.version)


def problem_lines() -> list[bytes]:
    """The problems as a package has them."""
    rows = ({"hash": problem_hash(problem), **asdict(problem)} for problem in PROBLEMS.values())
    return [json.dumps(row).encode() + b"\n" for row in rows]


def wheel() -> bytes:
    """The package."""
    return b"".join(package_chunks(FACTS, problem_lines()))
