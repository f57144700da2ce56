"""What is known of a trace, or of one of its steps, without its verdict: numbers, and its text as hashed words."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from trajectories.core.records import JSON, FinishReason, StepKind

VERSION = 1
"""Raised where the same trace gets other features: a scorer of another version cannot be used any more."""

BUCKETS = 4_096
"""Words and pairs of words are counted by their hash modulo this."""

UNKNOWN = math.nan

_WORD = re.compile(r"\w+|[^\w\s]")
_COUNTED = {
    "backtracks": StepKind.BACKTRACK,
    "reflections": StepKind.REFLECTION,
    "questions": StepKind.QUESTION,
    "tool_calls": StepKind.TOOL_CALL,
}

TRACE_NUMBERS: Mapping[str, str] = {
    "characters": "Length of the text",
    "tokens": "Tokens of output",
    "thought_share": "Share of tokens that are thoughts",
    "steps": "Steps",
    "backtracks": "Steps that go back",
    "reflections": "Steps that reflect",
    "questions": "Steps that ask",
    "tool_calls": "Calls of tools",
    "stopped": "Ended by itself",
    "answered": "Gives an answer",
    "program_lines": "Lines of the program",
    "program_words": "Different words of the program",
    "fits": "Share of training pairs reproduced",
    "closeness": "Share of right cells over the training pairs",
    "certainty": "Mean log-probability of its tokens",
}
"""The numbers of a trace, by name with the words for people. Counts and lengths are on a logarithmic scale."""

VOTES = "votes"
VOTES_TITLE = "Share of the problem's samples with its answer"

STEP_NUMBERS: Mapping[str, str] = {
    "characters": "Length of the step",
    "before": "Steps before it",
    "depth": "Depth of the step",
    "thought": "Part of the thoughts",
    "repeated": "Says again what an earlier step said",
    "digits": "Share of digits",
    **{f"is_{kind.value}": f"Kind: {kind.value.replace('_', ' ')}" for kind in StepKind},
}
"""The numbers of a step. None of them looks at what comes after it, so that a text can be scored while it grows."""

EARLIER_STEP_NUMBERS: Mapping[str, str] = {
    "place": "Place in the trace, from 0 to 1",
    "steps": "Steps of the trace",
}
"""Numbers that scorers look at which were trained before: they take the whole trace."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a scorer sees of a trace. None is what is not known; `steps` are in their stored form, and `votes` is the
    share of the answers given to its problem that are its own."""

    text: str
    program: str = ""
    steps: Sequence[Mapping[str, JSON]] = field(default_factory=tuple)
    finish_reason: str = FinishReason.STOP
    output_tokens: int = 0
    """Tokens that its model wrote."""
    reasoning_tokens: int = 0
    """How many of these are thoughts."""
    answered: bool = True
    fits: float | None = None
    """The share of training pairs that its program reproduces, in [0, 1]."""
    closeness: float | None = None
    """How near what its program makes is to the training outputs: the mean share of right cells, in [0, 1]."""
    certainty: float | None = None
    """The mean log-probability of its tokens (natural logarithm)."""
    votes: float | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """Something to be scored: its numbers, nan where unknown, and its counted words, (bucket, weight) of length 1."""

    numbers: tuple[float, ...]
    words: tuple[NDArray[np.int32], NDArray[np.float64]]


def number_titles(kind: str, *, votes: bool) -> dict[str, str]:
    """The features that a kind of scorer reads, in their order: what each is called for people, by its name."""
    if kind == "process":
        return dict(STEP_NUMBERS)
    return {**TRACE_NUMBERS, **({VOTES: VOTES_TITLE} if votes else {})}


def trace_example(seen: Seen, *, votes: bool) -> Example:
    """A trace as an outcome scorer sees it."""
    kinds = [step.get("kind") for step in seen.steps]
    program = seen.program.split()
    numbers = {
        "characters": math.log1p(len(seen.text)),
        "tokens": math.log1p(seen.output_tokens),
        "thought_share": seen.reasoning_tokens / seen.output_tokens if seen.output_tokens else UNKNOWN,
        "steps": math.log1p(len(kinds)),
        **{name: math.log1p(kinds.count(kind.value)) for name, kind in _COUNTED.items()},
        "stopped": float(seen.finish_reason == FinishReason.STOP),
        "answered": float(seen.answered),
        "program_lines": math.log1p(len(seen.program.splitlines())),
        "program_words": math.log1p(len(set(program))),
        "fits": _known(seen.fits),
        "closeness": _known(seen.closeness),
        "certainty": _known(seen.certainty),
    }
    if votes:
        numbers[VOTES] = _known(seen.votes)
    return Example(tuple(numbers.values()), count_words(f"{seen.text}\n{seen.program}"))


def step_examples(seen: Seen, names: Sequence[str] = tuple(STEP_NUMBERS)) -> list[Example]:
    """The steps of a trace as a process scorer sees them that looks at numbers of these names, in order."""
    known: set[str] = set()
    found = []
    for place, step in enumerate(seen.steps):
        body = str(step.get("body") or "")
        plain = " ".join(body.lower().split())
        numbers = {
            "characters": math.log1p(len(body)),
            "before": math.log1p(place),
            "place": place / max(len(seen.steps) - 1, 1),
            "steps": math.log1p(len(seen.steps)),
            "depth": float(step.get("depth") or 0),
            "thought": float("part" in step),
            "repeated": float(bool(plain) and plain in known),
            "digits": sum(each.isdigit() for each in body) / len(body) if body else 0.0,
            **{f"is_{kind.value}": float(step.get("kind") == kind.value) for kind in StepKind},
        }
        known.add(plain)
        chosen = tuple(numbers[name] for name in names)
        found.append(Example(chosen, count_words(f"{step.get('title') or ''}\n{body}")))
    return found


def count_words(text: str) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Words and pairs of neighbours by bucket, each by the logarithm of its count, to a length of 1 in all."""
    counts: dict[int, int] = {}
    for term in _terms(text):
        bucket = crc32(term.encode("utf-8", "replace")) % BUCKETS
        counts[bucket] = counts.get(bucket, 0) + 1
    buckets = np.array(sorted(counts), dtype=np.int32)
    weights = np.log1p(np.array([counts[bucket] for bucket in buckets.tolist()], dtype=float))
    length = float(np.linalg.norm(weights))
    return buckets, weights / length if length else weights


def _terms(text: str) -> Iterator[str]:
    words = _WORD.findall(text.lower())
    yield from words
    for first, second in pairwise(words):
        yield f"{first} {second}"


def _known(value: float | None) -> float:
    return UNKNOWN if value is None else value
