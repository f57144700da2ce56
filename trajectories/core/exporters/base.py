"""What an exporter is: items of a release in, rows of one trainer's format out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from trajectories.core.completions.parts import said_text, thoughts_in
from trajectories.core.completions.thoughts import Part, PartKind
from trajectories.core.completions.turns import kept_turns
from trajectories.core.exporters.arguments import DEFAULT_ARGUMENTS, Arguments, with_objects, write_call
from trajectories.core.exporters.thoughts import DEFAULT_THOUGHTS, Thoughts, write_thoughts
from trajectories.core.records import JSON, ProblemKind
from trajectories.core.tools.python import PYTHON, python_tool


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
    parts: tuple[Part, ...] | None = None
    """The parts of the reasoning; None for a text without thoughts."""
    cut_short: bool = False
    """Whether a limit ended an agent's turns before its last answer: the reasoning then repeats its turns."""
    found: Mapping[str, JSON] | None = None
    """Where in the reasoning the answer was found, by which rule; None where the sampler states it."""
    reference_source: str = ""
    """What the reference answer rests on (models.Problem.ReferenceSource); empty for the problem's own source."""
    hinted: bool = False
    """Whether the model was given the answer."""
    origin: str = ""
    """"human edit" for a trace that a person wrote by editing another; empty for one that was sampled."""
    meta: Mapping[str, JSON] = field(default_factory=dict)
    archive: Mapping[str, JSON] = field(default_factory=dict)
    """What only an archive tells (selectors.archives): {"problem": {...}, "trace": {...}, "item": {...}}."""
    original: "ExportItem | None" = None
    """The trace that a person edited into this one, where what was known of both says that this one is better."""
    assessments: Mapping[str, JSON] = field(default_factory=dict)
    """Verdicts with their evidence and reviews with their step labels: {"verdicts": [...], "reviews": [...]}."""


class Exporter(Protocol):
    """One file format. `row` is pure: the same item always gives the same row, keys in the same order.

    `writes_thoughts` says whether the format has several ways to write what models thought, `is_table` whether its rows
    are alike enough for typed columns.
    """

    name: str
    title: str
    read_by: str
    writes_thoughts: bool
    is_table: bool

    def takes(self, item: ExportItem) -> bool:
        """Whether the format has a row for an item."""
        ...

    def row(self, item: ExportItem, thoughts: Thoughts = DEFAULT_THOUGHTS) -> Mapping[str, JSON]:
        """The row of one item that it takes, exactly the format's schema."""
        ...


class TakesEveryItem:
    """What formats share that have a row for whatever is in a release."""

    def takes(self, item: ExportItem) -> bool:  # noqa: ARG002
        """Always."""
        return True


def make_row(
    exporter: Exporter,
    item: ExportItem,
    *,
    with_meta: bool = False,
    thoughts: Thoughts = DEFAULT_THOUGHTS,
    arguments: Arguments = DEFAULT_ARGUMENTS,
) -> dict[str, JSON]:
    """The row of one item in the form asked for, with `meta` as last key when asked for."""
    row = dict(exporter.row(item, thoughts))
    if arguments is Arguments.OBJECTS and exporter.writes_thoughts:
        row = with_objects(row)
    return {**row, "meta": dict(item.meta)} if with_meta else row


def encode_line(row: Mapping[str, JSON]) -> bytes:
    """One line of a JSON Lines file, UTF-8. Raises ValueError for a number that is not finite, which JSON has not."""
    return json.dumps(row, ensure_ascii=False, allow_nan=False).encode("utf-8") + b"\n"


def encode_row(
    exporter: Exporter, item: ExportItem, *, with_meta: bool, thoughts: Thoughts = DEFAULT_THOUGHTS
) -> bytes:
    """The row of one item as a line of its file. Raises ValueError."""
    return encode_line(make_row(exporter, item, with_meta=with_meta, thoughts=thoughts))


def sent_messages(item: ExportItem) -> list[dict[str, JSON]]:
    """What was sent for the last answer as it is stored, with the keys of each message in a fixed order: role, content,
    then the others by name."""
    return [_ordered(message) for message in item.prompt]


def prompt_messages(item: ExportItem, thoughts: Thoughts) -> list[dict[str, JSON]]:
    """What the sample began with. Earlier answers of others (a revision's parent) are part of it."""
    return _told(item.prompt[: _own_turns(item)], thoughts)


def completion_messages(item: ExportItem, thoughts: Thoughts) -> list[dict[str, JSON]]:
    """All that the sample came to: an agent's calls of tools with their results, then the assistant's last message,
    which one that a limit has ended lacks."""
    own = _told(item.prompt[_own_turns(item) :], thoughts)
    parts = _parts(item)
    said, thought = ("", "") if item.cut_short and own else (said_text(parts), thoughts_in(parts))
    text = _with_program(said, item.program)
    last: dict[str, JSON] = {"role": "assistant", "content": text}
    return [*own, write_thoughts(last, thought, thoughts)] if text or thought or not own else own


def _parts(item: ExportItem) -> tuple[Part, ...]:
    if item.parts is not None:
        return item.parts
    return (Part(PartKind.CONTENT, item.reasoning, 0, len(item.reasoning)),)


def _with_program(said: str, program: str) -> str:
    """What the assistant says, followed by the program where it does not hold it already."""
    program = program.strip("\n")
    if not program.strip() or program in said:
        return said
    return f"{said.rstrip()}\n\n```python\n{program}\n```\n".lstrip("\n")


def _told(messages: Sequence[Mapping[str, JSON]], thoughts: Thoughts) -> list[dict[str, JSON]]:
    """Messages as trainers read them: nothing in them but what a chat template knows."""
    told = []
    for message in (turn for sent in messages for turn in kept_turns(sent)):
        thought = str(message.pop("reasoning_content", ""))
        message.pop("parts", None)
        if calls := _calls(message):
            message["tool_calls"] = [write_call(call, Arguments.TEXT) for call in calls]
        told.append(_ordered(write_thoughts(message, thought, thoughts)))
    return told


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
