"""What an exporter is: items of a release in, rows of one trainer's format out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from trajectories.core.records import JSON, ProblemKind


@dataclass(frozen=True, slots=True)
class ExportItem:
    """One trace of a release with everything a format may need.

    `prompt` holds the chat messages as they were sent; `reference` is the problem's reference answer and belongs in no
    prompt. `meta` is frozen with the release; its keys are in the order they are written in.
    """

    prompt: tuple[Mapping[str, JSON], ...]
    reasoning: str
    program: str
    answer: JSON
    steps: tuple[Mapping[str, JSON], ...]
    problem_name: str
    problem_kind: ProblemKind
    spec: Mapping[str, JSON]
    reference: JSON
    found: Mapping[str, JSON] | None = None
    """Where in the reasoning the answer was found, by which rule; None where the sampler states it."""
    reference_source: str = ""
    """What the reference answer rests on (models.Problem.ReferenceSource); empty for the problem's own source."""
    hinted: bool = False
    """Whether the model was given the answer."""
    meta: Mapping[str, JSON] = field(default_factory=dict)
    judged: Mapping[str, JSON] = field(default_factory=dict)
    """Verdicts with their evidence and reviews with their step labels: {"verdicts": [...], "reviews": [...]}."""


class Exporter(Protocol):
    """One file format. `row` is pure: the same item always gives the same row, keys in the same order."""

    name: str
    title: str
    read_by: str

    def row(self, item: ExportItem) -> Mapping[str, JSON]:
        """The row of one item, exactly the format's schema."""
        ...


def encode_row(exporter: Exporter, item: ExportItem, *, with_meta: bool) -> bytes:
    """One line of a JSON Lines file, UTF-8, with `meta` as last key when asked for.

    Raises ValueError for a number that is not finite: JSON has no form for it.
    """
    row = dict(exporter.row(item))
    if with_meta:
        row["meta"] = dict(item.meta)
    return json.dumps(row, ensure_ascii=False, allow_nan=False).encode("utf-8") + b"\n"


def completion_text(item: ExportItem) -> str:
    """What the assistant says: the reasoning, followed by the program where the reasoning does not hold it already."""
    program = item.program.strip("\n")
    if not program.strip() or program in item.reasoning:
        return item.reasoning
    return f"{item.reasoning.rstrip()}\n\n```python\n{program}\n```\n"


def prompt_messages(item: ExportItem) -> list[dict[str, JSON]]:
    """The prompt with the keys of each message in a fixed order: role, content, then the others by name."""
    return [_ordered(message) for message in item.prompt]


def completion_messages(item: ExportItem) -> list[dict[str, JSON]]:
    """The completion as one assistant message."""
    return [{"role": "assistant", "content": completion_text(item)}]


def _ordered(message: Mapping[str, JSON]) -> dict[str, JSON]:
    first = [key for key in ("role", "content") if key in message]
    return {key: message[key] for key in (*first, *sorted(set(message) - set(first)))}
