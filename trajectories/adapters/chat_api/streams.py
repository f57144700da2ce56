"""Streamed answers, put together to what they are when they come whole. Any field of what comes may be anything."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trajectories.adapters.chat_api.replies import REASONING_FIELDS, ReplyError, list_of, text_of

RESPONSE_ENDS = ("response.completed", "response.incomplete")


def merge_stream(lines: Iterable[str]) -> str:
    """The lines of an event stream as the JSON that the same answer has when it comes whole.

    Raises json.JSONDecodeError for an event that is not JSON, ReplyError for a stream without an end or an answer.
    """
    events, ended = [], False
    for line in lines:
        data = line.removeprefix("data:").strip() if line.startswith("data:") else ""
        ended = ended or data == "[DONE]"
        if data and data != "[DONE]":
            events.append(json.loads(data))
    events = [event for event in events if isinstance(event, dict)]
    whole = next((event["response"] for event in events if event.get("type") in RESPONSE_ENDS), None)
    if whole is not None:
        return json.dumps(whole, ensure_ascii=False)
    merged = _merge_chunks(events)
    if not ended and any(choice["finish_reason"] is None for choice in merged["choices"]):
        raise ReplyError("a stream that broke off before its end")
    return json.dumps(merged, ensure_ascii=False)


@dataclass(slots=True)
class _Choice:
    """One choice as far as it has come."""

    texts: dict[str, list[str]] = field(default_factory=lambda: {"content": []})
    finish: Any = None
    logprobs: list[Any] = field(default_factory=list)
    calls: dict[int, dict[str, Any]] = field(default_factory=dict)

    def add(self, part: Mapping[str, Any]) -> None:
        """Add one event's part of it."""
        delta = part.get("delta")
        delta = delta if isinstance(delta, dict) else {}
        self.finish = part.get("finish_reason") or self.finish
        for name in ("content", "refusal", *REASONING_FIELDS):
            if text := text_of(delta.get(name)):
                self.texts.setdefault(name, []).append(text)
        for call in list_of(delta.get("tool_calls")):
            _merge_call(self.calls, call)
        given = part.get("logprobs")
        self.logprobs += list_of(given.get("content")) if isinstance(given, dict) else []

    def whole(self, index: int) -> dict[str, Any]:
        """The choice as it is in an answer that comes whole."""
        message: dict[str, Any] = {"role": "assistant"}
        message |= {name: "".join(parts) for name, parts in self.texts.items()}
        message |= {"tool_calls": [self.calls[at] for at in sorted(self.calls)]} if self.calls else {}
        choice = {"index": index, "message": message, "finish_reason": self.finish}
        return choice | ({"logprobs": {"content": self.logprobs}} if self.logprobs else {})


def _merge_chunks(events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    usage, model = None, ""
    choices: dict[int, _Choice] = {}
    for event in events:
        usage, model = event.get("usage") or usage, event.get("model") or model
        for part in list_of(event.get("choices")):
            if isinstance(part, dict):
                index = part.get("index")
                choices.setdefault(index if isinstance(index, int) else 0, _Choice()).add(part)
    whole = [choices[index].whole(index) for index in sorted(choices)] or [_Choice().whole(0)]
    return {"object": "chat.completion", "model": model, "choices": whole, "usage": usage}


def _merge_call(calls: dict[int, dict[str, Any]], part: Any) -> None:
    """Add one part of a tool call: its arguments come in pieces."""
    if not isinstance(part, dict) or not isinstance(part.get("index"), int):
        return
    call = calls.setdefault(part["index"], {"id": "", "type": "function", "function": {"name": "", "arguments": ""}})
    call["id"] = text_of(part.get("id")) or call["id"]
    function = part.get("function")
    if isinstance(function, dict):
        call["function"]["name"] += text_of(function.get("name"))
        call["function"]["arguments"] += text_of(function.get("arguments"))
