"""The conversation of an item as trainers read it: what it was asked, what it did and said."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from trajectories.core.completions.parts import said_text, thoughts_in
from trajectories.core.completions.thoughts import Part, PartKind
from trajectories.core.completions.turns import kept_turns
from trajectories.core.exporters.arguments import Arguments, write_call
from trajectories.core.exporters.base import ExportItem
from trajectories.core.exporters.columns import JSON_VALUE, add_value
from trajectories.core.exporters.thoughts import FIELDS, Thoughts, write_thoughts
from trajectories.core.identity import canonical_json
from trajectories.core.records import JSON
from trajectories.core.tools.acting import ACT, act_tool
from trajectories.core.tools.python import PYTHON, python_tool

CALL: JSON = {"id": "string", "type": "string", "function": {"name": "string", "arguments": "string"}}
MESSAGE: JSON = {
    "role": "string",
    "content": "string",
    "name": "string",
    **dict.fromkeys(FIELDS, "string"),
    "tool_call_id": "string",
    "tool_calls": [CALL],
}
TOOLS: JSON = add_value(add_value("null", [python_tool()]), [act_tool()])
"""The types of the columns that conversations are in."""

ONE_TOOL: tuple[JSON, ...] = tuple(add_value("null", [tool()]) for tool in (python_tool, act_tool))
"""The types of the column `tools` where every row that has any has the same tool."""

REMEMBERED = 256
"""Prompts of which is remembered what was made of them: all traces of a problem have the same few."""


class _Asked(NamedTuple):
    """What a prompt says, and what of it the sample did itself."""

    prompt: list[dict[str, JSON]]
    own: list[dict[str, JSON]]
    tools: dict[str, JSON]


_known: OrderedDict[tuple[str, Thoughts], _Asked] = OrderedDict()


def _asked(item: ExportItem, thoughts: Thoughts) -> _Asked:
    """The prompt of an item as trainers read it. It may be remembered for other items: nobody may change it."""
    key = (item.prompt_key, thoughts)
    if item.prompt_key and (known := _known.get(key)) is not None:
        return known
    sent, own = question_of(item), own_turns(item)
    asked = _Asked(_told(sent, thoughts), _told(own, thoughts), _tools(item))
    if item.prompt_key:
        _known[key] = asked
        if len(_known) > REMEMBERED:
            _known.popitem(last=False)
    return asked


def asks_nothing(prompt: Sequence[Mapping[str, JSON]]) -> bool:
    """Whether no message in it is a user's: of traces from elsewhere it may be a system text alone, or nothing."""
    return all(message.get("role") != "user" for message in prompt)


def question_of(item: ExportItem) -> Sequence[Mapping[str, JSON]]:
    """What was sent before the sample's own turns, and the problem's canonical prompt where that asks nothing."""
    sent = item.prompt[: _own_place(item)]
    return (*sent, *item.canonical) if asks_nothing(sent) else sent


def own_turns(item: ExportItem) -> Sequence[Mapping[str, JSON]]:
    """What in the prompt the sample did itself."""
    return item.prompt[_own_place(item) :]


def sent_messages(item: ExportItem) -> list[dict[str, JSON]]:
    """What was sent for the last answer as it is stored, with the keys of each message in a fixed order: role, content,
    then the others by name."""
    return [_ordered(message) for message in item.prompt]


def prompt_messages(item: ExportItem, thoughts: Thoughts) -> list[dict[str, JSON]]:
    """What the sample began with. Earlier answers of others (a revision's parent) are part of it."""
    return _asked(item, thoughts).prompt


def completion_messages(item: ExportItem, thoughts: Thoughts) -> list[dict[str, JSON]]:
    """All that the sample came to: an agent's calls of tools with their results, then the assistant's last message,
    which one that a limit has ended lacks."""
    own = _asked(item, thoughts).own
    parts = _parts(item)
    said, thought = ("", "") if item.cut_short and own else (said_text(parts), thoughts_in(parts))
    text = _with_program(said, item.program)
    last: dict[str, JSON] = {"role": "assistant", "content": text}
    return [*own, write_thoughts(last, thought, thoughts)] if text or thought or not own else own


def prompt_text(item: ExportItem) -> str:
    """What the sample was asked as one text, for formats whose prompt is a text."""
    return "\n\n".join(str(message["content"]) for message in prompt_messages(item, Thoughts.NONE))


def answer_column(answer: JSON) -> str | None:
    """An answer as text: one that is no text is canonical JSON, none at all is None."""
    return answer if answer is None or isinstance(answer, str) else canonical_json(answer)


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


def tools_column(item: ExportItem, thoughts: Thoughts) -> dict[str, JSON]:
    """{"tools": [...]} for a sample that called a tool of ours, as trainers need it to render the calls; else {}."""
    return _asked(item, thoughts).tools


def settle_tools(columns: JSON, *, in_table: bool) -> JSON:
    """Types in which no tool has the parameters of another one, as nulls that chat templates would write down.

    Where not all rows have the same tool, tools are JSON text in a table, which trl reads as it reads a list, and any
    objects elsewhere.
    """
    tools = columns.get("tools") if isinstance(columns, Mapping) else None
    if not isinstance(tools, list) or tools in ONE_TOOL:
        return columns
    return {**columns, "tools": "string" if in_table else [JSON_VALUE]}


def _tools(item: ExportItem) -> dict[str, JSON]:
    calls = [call for message in item.prompt for call in _calls(message) if isinstance(call, Mapping)]
    functions = [call["function"] for call in calls if isinstance(call.get("function"), Mapping)]
    names = {function.get("name") for function in functions}
    known = [python_tool()] if PYTHON in names else []
    known += [act_tool()] if ACT in names else []
    return {"tools": known} if known else {}


def _own_place(item: ExportItem) -> int:
    """Where in the prompt the sample's own turns begin: with its first call of a tool."""
    return next((place for place, message in enumerate(item.prompt) if _calls(message)), len(item.prompt))


def _calls(message: Mapping[str, JSON]) -> Sequence[JSON]:
    calls = message.get("tool_calls")
    return calls if isinstance(calls, list | tuple) else ()


def _ordered(message: Mapping[str, JSON]) -> dict[str, JSON]:
    first = [key for key in ("role", "content") if key in message]
    return {key: message[key] for key in (*first, *sorted(set(message) - set(first)))}
