"""Streamed answers, put together to what they are when they come whole. Any field of what comes may be anything."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trajectories.core.completions.hidden_errors import check_whole
from trajectories.core.completions.messages import THOUGHT_FIELDS, read_message, words_of
from trajectories.core.completions.replies import ReplyError, list_of, text_of
from trajectories.core.completions.thoughts import PartKind

RESPONSE_ENDS = ("response.completed", "response.incomplete", "response.failed", "response.cancelled")


def merge_stream(lines: Iterable[str]) -> str:
    """The lines of an event stream as the JSON that the same answer has when it comes whole.

    An answer that comes whole although a stream was asked for is taken as it is. Raises json.JSONDecodeError for an
    event that is not JSON, ReplyError for a stream without an answer, HiddenError for one that tells of an error, and
    BrokenOffError for one that ends before its answer does, whatever its last line says.
    """
    lines = list(lines)
    events = _events(lines)
    if not events and (whole := "\n".join(lines).strip()).startswith("{"):
        return whole
    whole_response = next((event["response"] for event in events if event.get("type") in RESPONSE_ENDS), None)
    if whole_response is not None:
        return json.dumps(whole_response, ensure_ascii=False)
    for event in events:
        check_whole(event)
    if any(str(event.get("type")).startswith("response.") for event in events):
        raise BrokenOffError
    merged = _merge_chunks(events)
    if not any(choice["finish_reason"] for choice in merged["choices"]) and not _has_words(merged):
        raise ReplyError("a stream without an answer")
    if any(not choice["finish_reason"] for choice in merged["choices"]):
        raise BrokenOffError
    return json.dumps(merged, ensure_ascii=False)


class BrokenOffError(ReplyError):
    """A stream that ended before its answer did."""

    def __init__(self) -> None:
        super().__init__("a stream that broke off before its end")


def _events(lines: Iterable[str]) -> list[dict[str, Any]]:
    texts = (line.removeprefix("data:").strip() for line in lines if line.startswith("data:"))
    events = [json.loads(text) for text in texts if text and text != "[DONE]"]
    return [event for event in events if isinstance(event, dict)]


def _has_words(merged: Mapping[str, Any]) -> bool:
    return any(len(choice["message"]) > 2 or choice["message"]["content"] for choice in merged["choices"])


GROWING = ("text", "thinking", "reasoning")
"""Where a part of a content has the text that comes in pieces."""


class _Parts:
    """Parts of a content as they come: a piece goes on with the last part of its type, until that is signed."""

    def __init__(self) -> None:
        self._parts: list[tuple[dict[str, Any], str, list[str]]] = []

    def add(self, part: Any) -> None:
        """Add one piece."""
        if not isinstance(part, dict):
            return
        name = next((name for name in GROWING if name in part), "")
        last, grows, texts = self._parts[-1] if self._parts else ({}, "", [])
        if name and name == grows and last.get("type") == part.get("type") and not last.get("signature"):
            texts.append(words_of(part[name]))
            last |= {key: value for key, value in part.items() if key != name}
        else:
            self._parts.append((dict(part), name, [words_of(part.get(name))]))

    def whole(self) -> list[dict[str, Any]]:
        """The parts with their whole texts."""
        return [{**part, name: "".join(texts)} if name else part for part, name, texts in self._parts]


@dataclass(slots=True)
class Choice:
    """One choice as far as it has come."""

    texts: dict[str, list[str]] = field(default_factory=lambda: {"content": []})
    finish: Any = None
    logprobs: list[Any] = field(default_factory=list)
    calls: dict[int, dict[str, Any]] = field(default_factory=dict)
    details: dict[int, dict[str, Any]] = field(default_factory=dict)
    blocks: _Parts = field(default_factory=_Parts)
    parts: _Parts = field(default_factory=_Parts)
    error: Any = None

    def add(self, part: Mapping[str, Any]) -> None:
        """Add one event's part of it."""
        delta = part.get("delta")
        delta = delta if isinstance(delta, dict) else {}
        self.finish = part.get("finish_reason") or self.finish
        self.error = part.get("error") or self.error
        for name in ("content", "refusal", *THOUGHT_FIELDS):
            if text := text_of(delta.get(name)):
                self.texts.setdefault(name, []).append(text)
        self._add_content(delta.get("content"))
        for block in list_of(delta.get("thinking_blocks")):
            self.blocks.add(block)
        for call in list_of(delta.get("tool_calls")):
            _merge_call(self.calls, call)
        for detail in list_of(delta.get("reasoning_details")):
            _merge_detail(self.details, detail)
        given = part.get("logprobs")
        self.logprobs += list_of(given.get("content")) if isinstance(given, dict) else []

    def _add_content(self, content: Any) -> None:
        """Keep content in parts, as soon as there is a part that is no text: thoughts among them (Mistral)."""
        if isinstance(content, list):
            for part in content:
                self.parts.add(part)
        elif isinstance(content, str) and content:
            self.parts.add({"type": "text", "text": content})

    def whole(self, index: int) -> dict[str, Any]:
        """The choice as it is in an answer that comes whole."""
        message: dict[str, Any] = {"role": "assistant"}
        message |= {name: "".join(parts) for name, parts in self.texts.items()}
        message |= {"tool_calls": [self.calls[at] for at in sorted(self.calls)]} if self.calls else {}
        message |= {"reasoning_details": [self.details[at] for at in sorted(self.details)]} if self.details else {}
        message |= {"thinking_blocks": blocks} if (blocks := self.blocks.whole()) else {}
        parts = self.parts.whole()
        if any(piece.kind is not PartKind.CONTENT for piece in read_message({"content": parts})):
            message["content"] = parts
        choice = {"index": index, "message": message, "finish_reason": self.finish}
        choice |= {"error": self.error} if self.error else {}
        return choice | ({"logprobs": {"content": self.logprobs}} if self.logprobs else {})


def _merge_chunks(events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    usage, model = None, ""
    choices: dict[int, Choice] = {}
    for event in events:
        usage, model = event.get("usage") or usage, event.get("model") or model
        for part in list_of(event.get("choices")):
            if isinstance(part, dict):
                index = part.get("index")
                choices.setdefault(index if isinstance(index, int) else 0, Choice()).add(part)
    whole = [choices[index].whole(index) for index in sorted(choices)] or [Choice().whole(0)]
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


def _merge_detail(details: dict[int, dict[str, Any]], part: Any) -> None:
    """Add one piece of the thoughts that go back with their signatures: texts grow, any other field is as it came."""
    if not isinstance(part, dict) or not isinstance(part.get("index"), int):
        return
    known = details.setdefault(part["index"], {})
    for name, value in part.items():
        grows = name in ("text", "summary", "data") and isinstance(value, str)
        known[name] = text_of(known.get(name)) + value if grows else value
