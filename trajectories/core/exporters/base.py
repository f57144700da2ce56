"""What an exporter is: items of a release in, rows of one trainer's format out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from trajectories.core.records import JSON, ProblemKind
from trajectories.core.tools import PYTHON, python_tool


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


def sent_messages(item: ExportItem) -> list[dict[str, JSON]]:
    """What was sent for the last answer, with the keys of each message in a fixed order: role, content, then the
    others by name."""
    return [_ordered(message) for message in item.prompt]


def prompt_messages(item: ExportItem) -> list[dict[str, JSON]]:
    """What the sample began with. Earlier answers of others (a revision's parent) are part of it."""
    return sent_messages(item)[: _own_turns(item)]


def completion_messages(item: ExportItem) -> list[dict[str, JSON]]:
    """All that the sample came to: an agent's calls of tools with their results, then the assistant's last message."""
    last: dict[str, JSON] = {"role": "assistant", "content": completion_text(item)}
    return [*sent_messages(item)[_own_turns(item) :], last]


def tools_column(item: ExportItem) -> dict[str, JSON]:
    """{"tools": [...]} for a sample that called the Python tool, as trainers need it to render the calls; else {}."""
    calls = [call for message in item.prompt for call in _calls(message) if isinstance(call, Mapping)]
    functions = [call["function"] for call in calls if isinstance(call.get("function"), Mapping)]
    return {"tools": [python_tool()]} if any(function.get("name") == PYTHON for function in functions) else {}


def _own_turns(item: ExportItem) -> int:
    """Where in the prompt the sample's own turns begin: with its first call of a tool."""
    return next((place for place, message in enumerate(item.prompt) if _calls(message)), len(item.prompt))


def _calls(message: Mapping[str, JSON]) -> Sequence[JSON]:
    calls = message.get("tool_calls")
    return calls if isinstance(calls, list | tuple) else ()


def _ordered(message: Mapping[str, JSON]) -> dict[str, JSON]:
    first = [key for key in ("role", "content") if key in message]
    return {key: message[key] for key in (*first, *sorted(set(message) - set(first)))}
