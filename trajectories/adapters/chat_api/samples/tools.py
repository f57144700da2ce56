"""The tools that models may call, a Python sandbox or the actions of a world, in the forms of both APIs. What they call
them with is hostile."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trajectories.adapters.chat_api.wire.options import THOUGHT_FIELDS
from trajectories.adapters.chat_api.wire.settings import NEVER, RESPONSES, SAME
from trajectories.core.completions.replies import Reply
from trajectories.core.completions.turns import assistant_turn
from trajectories.core.prompts import Message, storable_pieces
from trajectories.core.records import JSON
from trajectories.core.tools.acting import ACT, act_tool
from trajectories.core.tools.python import PYTHON, python_function, python_tool

MAX_CALLS_PER_TURN = 8
MAX_NAME, MAX_ID = 100, 200
_NAME = re.compile(r"[\w-]{1,64}", re.ASCII)
_AS_TEXT = re.compile(
    r"<tool_call>|<function=|<function_calls?>|<\|python_tag\|>|<\|tool_call|\[TOOL_CALLS\]"
    r"""|\{\s*"name"\s*:\s*"[\w.-]{1,64}"\s*,\s*"(?:arguments|parameters)"\s*:"""
)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call as the model made it: `arguments` is the text that came, whatever it is."""

    id: str
    name: str
    arguments: str


class ToolError(ValueError):
    """A call that cannot be run; the message is for the model."""


def offered_tools(api: str) -> tuple[Mapping[str, JSON], ...]:
    """What is sent as `tools`."""
    return ({"type": "function", **python_function(), "strict": True} if api == RESPONSES else python_tool(),)


def acting_tools(api: str) -> tuple[Mapping[str, JSON], ...]:
    """What is sent as `tools` in the episode of a world."""
    if api != RESPONSES:
        return (act_tool(),)
    return ({"type": "function", **act_tool()["function"], "strict": True},)


def read_calls(reply: Reply, turn: int) -> list[ToolCall]:
    """The tool calls of an answer, in order.

    What does not have the form of a call is read as a call of the tool "". An id that is missing or was given before is
    replaced, so that each call has a result of its own.
    """
    found: list[ToolCall] = []
    ids: set[str] = set()
    for place, given in enumerate(reply.tool_calls, 1):
        item = given if isinstance(given, dict) else {}
        inner = item.get("function")
        function = inner if isinstance(inner, dict) else item
        key = item.get("call_id") or item.get("id")
        key = key[:MAX_ID] if isinstance(key, str) and key not in ids else f"call-{turn}-{place}"
        ids.add(key)
        name, arguments = function.get("name"), function.get("arguments")
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        found.append(ToolCall(key, name[:MAX_NAME] if isinstance(name, str) else "", text))
    return found


def code_of(call: ToolCall) -> str:
    """The code that the call wants run. Raises ToolError for another tool or for arguments that hold none."""
    if call.name != PYTHON:
        raise ToolError(f"There is no tool {call.name!r}; expected {PYTHON!r}.")
    try:
        value = json.loads(call.arguments, strict=False)
    except (ValueError, RecursionError) as fault:
        raise ToolError(f'The arguments are not JSON ({fault}); expected {{"code": "..."}}.') from fault
    code = value.get("code") if isinstance(value, dict) else None
    if not isinstance(code, str):
        raise ToolError('The arguments hold no text "code"; expected {"code": "..."}.')
    return code


def action_of(call: ToolCall, known: Collection[str]) -> str:
    """The action that the call wants taken. Raises ToolError for another tool, and for what names no action."""
    if call.name != ACT:
        raise ToolError(f"There is no tool {call.name!r}; expected {ACT!r}.")
    try:
        value = json.loads(call.arguments, strict=False)
    except (ValueError, RecursionError) as fault:
        raise ToolError(f'The arguments are not JSON ({fault}); expected {{"action": "..."}}.') from fault
    action = value.get("action") if isinstance(value, dict) else None
    if not isinstance(action, str) or action not in known:
        found = f"{action[:40]!r}" if isinstance(action, str) else "no text"
        raise ToolError(f"Found {found} as the action, expected one of {', '.join(known)}.")
    return action


def calls_as_text(text: str) -> bool:
    """Whether a text holds a tool call in one of the forms that models write and endpoints fail to read."""
    return _AS_TEXT.search(text) is not None


class Conversation:
    """What was said so far: `sent` in the form of the API, `kept` in the one form that traces have (chat messages with
    `tool_calls`, and results with the role "tool"). `thoughts_back` is as in ChatSettings; thoughts are kept always."""

    def __init__(self, api: str, sent: Sequence[Message], kept: Sequence[Message], thoughts_back: str = NEVER) -> None:
        self.sent, self.kept = list(sent), list(kept)
        self._responses, self._thoughts_back = api == RESPONSES, thoughts_back

    def add_answer(self, reply: Reply, calls: Sequence[ToolCall]) -> None:
        """Add what the model said."""
        message: dict[str, JSON] = {"role": "assistant", "content": reply.text}
        self.kept.append(assistant_turn(storable_pieces(reply.pieces), [_chat_call(call) for call in calls]))
        readable = [_readable(call) for call in calls]
        asked = [_chat_call(call) for call in readable]
        message |= {"tool_calls": asked} if asked else {}
        message |= _thoughts_sent(reply, self._thoughts_back)
        self.sent += _response_items(reply, readable, self._thoughts_back) if self._responses else [message]

    def add_result(self, call: ToolCall, text: str) -> None:
        """Add what the tool gave back."""
        message = {"role": "tool", "tool_call_id": call.id, "content": text}
        self.kept.append(message)
        item = {"type": "function_call_output", "call_id": call.id, "output": text}
        self.sent.append(item if self._responses else message)


def _readable(call: ToolCall) -> ToolCall:
    """The call as an endpoint can read it back: some answer 400 or 500 to what their own model wrote."""
    try:
        fits = isinstance(json.loads(call.arguments), dict)
    except (ValueError, RecursionError):
        fits = False
    arguments = call.arguments if fits else json.dumps({"unreadable": call.arguments}, ensure_ascii=False)
    return ToolCall(call.id, call.name if _NAME.fullmatch(call.name) else "unknown", arguments)


def _chat_call(call: ToolCall) -> dict[str, JSON]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _thoughts_sent(reply: Reply, how: str) -> dict[str, Any]:
    """The fields that take thoughts back in a message of Chat Completions; "same" copies what came, signatures and
    all, also thoughts that came as parts of the content."""
    if how == NEVER:
        return {}
    choices = json.loads(reply.raw).get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    came = choice.get("message") if isinstance(choice, dict) else None
    came = came if isinstance(came, dict) else {}
    if how == SAME:
        fields = {name: came[name] for name in THOUGHT_FIELDS if came.get(name) is not None}
        return fields | ({"content": came["content"]} if isinstance(came.get("content"), list) else {})
    details = came.get("reasoning_details")
    if how == "reasoning_details":
        if isinstance(details, list) and details:
            return {how: details}
        return {how: [{"type": "reasoning.text", "text": reply.reasoning}]} if reply.reasoning else {}
    return {how: reply.reasoning} if reply.reasoning else {}


def _response_items(reply: Reply, calls: Sequence[ToolCall], thoughts_back: str = NEVER) -> list[dict[str, JSON]]:
    """An answer as items of the next request. Nothing is stored at the endpoint, so items go without their ids.
    Thoughts go where they came encrypted, and in plain words as well where the setting wants them back."""
    output: Any = json.loads(reply.raw).get("output")
    thoughts = [item for item in _items(output) if item.get("type") == "reasoning"]
    names = ("encrypted_content",) if thoughts_back == NEVER else ("content", "encrypted_content")
    items: list[dict[str, JSON]] = [
        {"type": "reasoning", "summary": item.get("summary") or []}
        | {name: item[name] for name in names if item.get(name)}
        for item in thoughts
        if item.get("encrypted_content") or thoughts_back != NEVER
    ]
    items += [{"role": "assistant", "content": reply.text}] if reply.text else []
    return items + [
        {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments} for call in calls
    ]


def _items(output: Any) -> list[dict[str, Any]]:
    return [item for item in output if isinstance(item, dict)] if isinstance(output, list) else []
