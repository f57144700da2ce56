"""Reading what a model said, in every spelling of a message: its thoughts, its content, its calls of tools, in order.

Thoughts come in a field of their own (`reasoning_content`: DeepSeek, Qwen, SGLang; `reasoning`: vLLM, OpenRouter,
Together; `thinking`: Ollama), in fields that carry signatures (`reasoning_details`: OpenRouter; `thinking_blocks`:
LiteLLM), as parts of the content (Anthropic, Mistral, Bedrock, Gemini, LangChain), and as items of OpenAI's Responses.
Any field of what comes may be anything.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from trajectories.core.completions.thoughts import PartKind
from trajectories.core.records import JSON

THOUGHT_FIELDS = (
    *("reasoning_content", "reasoning", "thinking", "thoughts", "thought", "reasoning_text", "thinking_content"),
    *("reasoningContent", "reasoningText", "thinkingContent", "reasoning_trace", "reasoning_steps"),
    *("chain_of_thought", "cot", "reasoning_summary", "reasoningSummary"),
)
"""Fields of a message that hold its thoughts as one text, or as a list of texts; the first that has some counts."""

HOLDERS = ("provider_specific_fields", "additional_kwargs", "model_extra")
"""Objects in a message into which clients (LiteLLM, LangChain, the SDK of OpenAI) put fields they do not know."""

BLOCK_FIELDS = ("reasoning_details", "thinking_blocks")
"""Fields of a message that hold its thoughts as parts, with what must go back to the provider unread."""

_THOUGHT_KEYS = frozenset((*THOUGHT_FIELDS, *BLOCK_FIELDS))
_THOUGHTS = ("thinking", "reasoning", "thought", "thoughts", "think", "reasoning_text", "summary_text",
             "reasoning.text", "reasoning.summary", "reasoning.encrypted", "redacted_thinking",
             "reasoning_content")  # fmt: skip
_CALLS = ("tool_use", "tool_call", "tool-call", "function_call", "server_tool_use", "mcp_tool_use", "functionCall",
          "toolUse", "custom_tool_call", "executableCode", "executable_code")  # fmt: skip
_RESULTS = ("tool_result", "tool-result", "function_call_output", "functionResponse", "toolResult", "mcp_tool_result",
            "custom_tool_call_output", "web_search_tool_result", "code_execution_tool_result", "codeExecutionResult",
            "code_execution_result")  # fmt: skip
_TEXTS = ("text", "thinking", "reasoning", "thought", "think", "summary", "content", "reasoningText",
          "reasoningContent", "reasoning_text", "refusal", "thoughts", "reasoning_content")  # fmt: skip
"""Where a part of thoughts has its words; the first that has some counts."""

REFUSAL = "refusal"
"""The source of content that is a refusal."""

_MAX_NESTING = 6


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of what a model said, before it stands in the text of a trace.

    `source` names the field or the type of part that it came in, "" for plain content. `data` is what came with it
    besides its text. `goes_on` says that it follows the piece before without a gap.
    """

    kind: PartKind
    text: str
    source: str = ""
    data: Mapping[str, JSON] = field(default_factory=dict)
    goes_on: bool = False


def read_message(message: Mapping[str, Any]) -> tuple[Piece, ...]:
    """The pieces of a chat message: thoughts that came in fields, then the content in order, then calls of tools."""
    message = _unpacked(message)
    content = tuple(_content(message.get("content") or message.get("parts")))
    if not any(piece.text or piece.data for piece in content) and isinstance(message.get("refusal"), str):
        content = (Piece(PartKind.CONTENT, message["refusal"], REFUSAL),)
    sound = message.get("audio")
    if not any(piece.text or piece.data for piece in content) and isinstance(sound, Mapping):
        content = (Piece(PartKind.CONTENT, words, "audio"),) if (words := words_of(sound.get("transcript"))) else ()
    calls = [object_in(call) for call in _list(message.get("tool_calls")) if call]
    calls += [message["function_call"]] if isinstance(message.get("function_call"), Mapping) else []
    return (
        *_thoughts(message, content),
        *content,
        *(Piece(PartKind.TOOL_CALL, "", "tool_calls", {"call": call}) for call in calls),
    )


def object_in(value: Any) -> Any:
    """The object that a text of JSON holds, as tables and some files write it; anything else as it is."""
    if not isinstance(value, str) or not value.lstrip().startswith("{"):
        return value
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return found if isinstance(found, dict) else value


def _unpacked(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message with the fields of thoughts that a client has put aside; what it has itself counts first."""
    aside = [message[name] for name in HOLDERS if name in message and isinstance(message[name], Mapping)]
    if not aside:
        return message
    for name in (*THOUGHT_FIELDS, *BLOCK_FIELDS):
        for holder in aside:
            if holder.get(name) and not message.get(name):
                message = {**message, name: holder[name]}
    return message


def read_items(items: Sequence[Any]) -> tuple[Piece, ...]:
    """The pieces of the items of a Responses body: `reasoning`, `message`, calls of tools and their results."""
    found: list[Piece] = []
    for item in items:
        if not isinstance(item, Mapping):
            continue
        kind = item.get("type")
        if kind == "reasoning":
            found += _reasoning_item(item)
        elif kind in _CALLS or kind in _RESULTS or str(kind).endswith(("_call", "_call_output")):
            found.append(_tool(item, is_result=kind in _RESULTS or str(kind).endswith("_output")))
        elif kind == "message" or "content" in item:
            found += _content(item.get("content"))
    return tuple(found)


def words_of(value: Any, depth: int = 0) -> str:
    """The text in a value of any shape: a text, the texts of a list, or those of a part."""
    if isinstance(value, str):
        return value
    if depth >= _MAX_NESTING:
        return ""
    if isinstance(value, list | tuple):
        return "".join(words_of(item, depth + 1) for item in value)
    if isinstance(value, Mapping):
        return next((text for name in _TEXTS if (text := words_of(value.get(name), depth + 1))), "")
    return ""


def thoughts_of(pieces: Sequence[Piece]) -> str:
    """All that was thought, as one text."""
    return joined(piece for piece in pieces if piece.kind is PartKind.THINKING)


def said_in(pieces: Sequence[Piece]) -> str:
    """All that was said besides thoughts, as one text."""
    return joined(piece for piece in pieces if piece.kind is PartKind.CONTENT)


def joined(pieces: Iterable[Piece]) -> str:
    """The texts of some pieces, with a blank line between two unless one goes on."""
    texts: list[str] = []
    for piece in pieces:
        texts += ["\n\n"] if texts and piece.text and not piece.goes_on else []
        texts += [piece.text] if piece.text else []
    return "".join(texts)


def left_out(content: Any) -> list[str]:
    """The types of parts of a content that are no text, such as images: what is read of it leaves them out."""
    parts = [part for part in _list(content) if isinstance(part, Mapping) and _part(part) is None]
    types = [str(part.get("type") or next(iter(part), "")) for part in parts]
    return [name for name in types if name not in ("text", "output_text", "input_text")]


def _thoughts(message: Mapping[str, Any], content: Sequence[Piece]) -> tuple[Piece, ...]:
    """The thoughts that stand in fields. Providers say them twice, in a field and as parts: then the parts count, for
    what they carry. Thoughts that are parts of the content as well are left to it."""
    if _THOUGHT_KEYS.isdisjoint(message):
        return ()
    name, text = next(
        ((name, text) for name in THOUGHT_FIELDS if name in message and (text := words_of(message[name])).strip()),
        ("", ""),
    )
    blocks: tuple[Piece, ...] = ()
    for source in BLOCK_FIELDS:
        blocks = blocks or tuple(_thought(part, source) for part in _list(message.get(source)) if part)
    in_content = thoughts_of(content)
    if in_content and _squeezed(in_content) in (_squeezed(text), _squeezed(thoughts_of(blocks))):
        return ()
    if not text:
        return blocks
    whole = "".join(block.text for block in blocks)
    if whole == text:  # the parts are pieces of one text
        return tuple(replace(block, goes_on=place > 0) for place, block in enumerate(blocks))
    if _squeezed(whole) == _squeezed(text):
        return blocks
    # Other words, such as a summary: they are kept as they came, beside the text.
    beside: dict[str, JSON] = {"parts": [dict(_as_data(block)) for block in blocks]} if blocks else {}
    return (Piece(PartKind.THINKING, text, name, beside),)


def _as_data(block: Piece) -> Mapping[str, JSON]:
    return {**block.data, **({"text": block.text} if block.text else {})}


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _content(value: Any) -> Iterator[Piece]:
    """The pieces of a content: a text, or a list of parts. Neighbouring texts go on without a gap."""
    if isinstance(value, str):
        yield Piece(PartKind.CONTENT, value)
        return
    before: PartKind | None = None
    for part in [value] if isinstance(value, Mapping) else _list(value):
        piece = _part(part)
        if piece is None:
            continue
        goes_on = piece.kind is PartKind.CONTENT and before is PartKind.CONTENT
        yield replace(piece, goes_on=goes_on)
        before = piece.kind


def _part(part: Any) -> Piece | None:
    """One part of a content; None for what is no text (an image) and holds nothing to keep."""
    if isinstance(part, str):
        return Piece(PartKind.CONTENT, part)
    if not isinstance(part, Mapping):
        return None
    kind = part.get("type")
    if kind in _THOUGHTS or part.get("thought") is True or "reasoningContent" in part:
        return _thought(part, str(kind or "thought"))
    for names, is_result in ((_CALLS, False), (_RESULTS, True)):
        if kind in names or (kind is None and any(name in part for name in names)):
            return _tool(part, is_result=is_result)
    for name in ("text", REFUSAL):
        if isinstance(part.get(name), str):
            kept = {key: part[key] for key in ("signature", "thoughtSignature", "thought_signature") if part.get(key)}
            return Piece(PartKind.CONTENT, part[name], REFUSAL if name == REFUSAL else "", kept)
    return None


def _thought(part: Any, source: str) -> Piece:
    """A part of thoughts: its text, and everything else as it came."""
    if not isinstance(part, Mapping):
        return Piece(PartKind.THINKING, words_of(part), source)
    inner = part.get("reasoningContent")
    fields = dict(inner) if isinstance(inner, Mapping) else dict(part)
    if isinstance(fields.get("reasoningText"), Mapping):
        fields = {**fields, **fields.pop("reasoningText")}
    name = next((name for name in _TEXTS if words_of(fields.get(name)).strip()), "")
    value = fields.pop(name) if name else ""
    texts = map(words_of, value) if name == "summary" and isinstance(value, list) else [words_of(value)]
    kept = {key: value for key, value in fields.items() if value not in (None, "", []) and key != "thought"}
    return Piece(PartKind.THINKING, "\n\n".join(texts), source, {} if set(kept) <= {"type", "index"} else kept)


def _reasoning_item(item: Mapping[str, Any]) -> Iterator[Piece]:
    """An item of thoughts: each summary, then the thoughts themselves; its id and what is encrypted with the first."""
    kept = {key: item[key] for key in ("id", "encrypted_content") if item.get(key)}
    said = False
    for source in ("summary", "content"):
        for part in _list(item.get(source)):
            if text := words_of(part):
                yield Piece(PartKind.THINKING, text, source, {} if said else kept)
                said = True
    if kept and not said:
        yield Piece(PartKind.THINKING, "", "reasoning", kept)


def _tool(part: Mapping[str, Any], *, is_result: bool) -> Piece:
    kind, name = (PartKind.TOOL_RESULT, "result") if is_result else (PartKind.TOOL_CALL, "call")
    return Piece(kind, "", str(part.get("type") or next(iter(part), "")), {name: dict(part)})


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
