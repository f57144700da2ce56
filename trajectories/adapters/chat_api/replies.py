"""Reading the answers of both APIs, whole or streamed. What comes is hostile: every field may be anything."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trajectories.core.records import FinishReason, Usage

FINISHES = {
    "stop": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "max_output_tokens": FinishReason.LENGTH,
    "content_filter": FinishReason.FILTER,
    "tool_calls": FinishReason.STOP,
}
REASONING_FIELDS = ("reasoning_content", "reasoning")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered. `usage` is None where the endpoint gave none; `raw` is the JSON it came as."""

    text: str
    reasoning: str
    finish_reason: FinishReason
    usage: Usage | None
    model: str
    raw: str
    tool_calls: Sequence[Any] = ()
    mean_logprob: float | None = None


class ReplyError(ValueError):
    """An answer that is JSON but not an answer; the message says what it lacks."""


def read_reply(raw: str) -> Reply:
    """Read the answer of either API. Raises json.JSONDecodeError or ReplyError."""
    value = json.loads(raw)
    if not isinstance(value, dict):
        raise ReplyError(f"a JSON {type(value).__name__} instead of an object")
    return _read_response(value, raw) if value.get("object") == "response" else _read_completion(value, raw)


def _read_completion(value: Mapping[str, Any], raw: str) -> Reply:
    choices = value.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise ReplyError("an object without choices[0].message")
    text, refusal = text_of(message.get("content")), text_of(message.get("refusal"))
    reasoning = next((found for name in REASONING_FIELDS if (found := text_of(message.get(name)))), "")
    calls = message.get("tool_calls") if isinstance(message.get("tool_calls"), list) else []
    return Reply(
        text=text or refusal,
        reasoning=reasoning,
        finish_reason=_finish(choice.get("finish_reason"), text, refusal, bool(calls)),
        usage=_usage(value.get("usage"), "prompt", "completion"),
        model=text_of(value.get("model")),
        raw=raw,
        tool_calls=calls or [],
        mean_logprob=_mean_logprob(choice.get("logprobs")),
    )


def _read_response(value: Mapping[str, Any], raw: str) -> Reply:
    """The Responses API: a list of items, of which messages, refusals and reasoning summaries are read."""
    items = [item for item in list_of(value.get("output")) if isinstance(item, dict)]
    parts = [part for item in items for part in list_of(item.get("content")) if isinstance(part, dict)]
    texts = [text_of(part.get("text")) for part in parts if part.get("type") == "output_text"]
    refusal = "".join(text_of(part.get("refusal")) for part in parts if part.get("type") == "refusal")
    thoughts = [
        text_of(part.get("text"))
        for item in items
        if item.get("type") == "reasoning"
        for part in (*list_of(item.get("summary")), *list_of(item.get("content")))
        if isinstance(part, dict)
    ]
    logprobs = [token for part in parts for token in list_of(part.get("logprobs"))]
    calls = [item for item in items if item.get("type") == "function_call"]
    details = value.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else "stop"
    text = "".join(texts)
    return Reply(
        text=text or refusal,
        reasoning="\n\n".join(thought for thought in thoughts if thought),
        finish_reason=_finish(reason, text, refusal, bool(calls)),
        usage=_usage(value.get("usage"), "input", "output"),
        model=text_of(value.get("model")),
        raw=raw,
        tool_calls=calls,
        mean_logprob=_mean_logprob({"content": logprobs}),
    )


def _finish(given: Any, text: str, refusal: str, calls: bool) -> FinishReason:
    """Truncated, filtered and refused go before empty: they say why there is nothing."""
    reason = FINISHES.get(given, FinishReason.STOP) if isinstance(given, str) else FinishReason.STOP
    if reason is not FinishReason.STOP:
        return reason
    if refusal and not text:
        return FinishReason.REFUSAL
    return FinishReason.STOP if text.strip() or calls else FinishReason.EMPTY


def _usage(value: Any, incoming: str, outgoing: str) -> Usage | None:
    if not isinstance(value, dict):
        return None
    before, after = value.get(f"{incoming}_tokens_details"), value.get(f"{outgoing}_tokens_details")
    return Usage(
        input_tokens=_count(value.get(f"{incoming}_tokens")),
        cached_tokens=_count(before.get("cached_tokens") if isinstance(before, dict) else 0),
        reasoning_tokens=_count(after.get("reasoning_tokens") if isinstance(after, dict) else 0),
        output_tokens=_count(value.get(f"{outgoing}_tokens")),
    )


def _count(value: Any) -> int:
    return min(value, 2**31 - 1) if isinstance(value, int) and value > 0 else 0


def text_of(value: Any) -> str:
    """A text, or the texts of content parts; anything else is none."""
    if isinstance(value, list):
        return "".join(text_of(part.get("text")) for part in value if isinstance(part, dict))
    return value if isinstance(value, str) else ""


def list_of(value: Any) -> list[Any]:
    """A list; anything else is an empty one."""
    return value if isinstance(value, list) else []


def _mean_logprob(value: Any) -> float | None:
    tokens = list_of(value.get("content")) if isinstance(value, dict) else []
    found = [
        token["logprob"] for token in tokens if isinstance(token, dict) and isinstance(token.get("logprob"), float)
    ]
    return sum(found) / len(found) if found else None
