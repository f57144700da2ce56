"""Answers of any of the APIs that are read: which one a JSON object comes from, and its alternatives one by one."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from trajectories.core.completions.anthropic import read_message
from trajectories.core.completions.gemini import read_candidates
from trajectories.core.completions.hidden_errors import check_whole
from trajectories.core.completions.replies import Reply, list_of, read_completion, read_response, read_text_completion


@dataclass(frozen=True, slots=True)
class BodyKind:
    """One API's shape of an answer: how it is known and read.

    `alternatives` is the name of the list of alternative answers it may have, "" where it is always one.
    """

    name: str
    is_one: Callable[[Mapping[str, Any]], bool]
    read: Callable[[Mapping[str, Any], str], Reply]
    alternatives: str = ""


def _is_text_completion(value: Mapping[str, Any]) -> bool:
    first = next(iter(list_of(value.get("choices"))), None)
    return isinstance(first, Mapping) and isinstance(first.get("text"), str) and "message" not in first


KINDS = (
    BodyKind("a text completion", _is_text_completion, read_text_completion, "choices"),
    BodyKind("a chat completion", lambda value: "choices" in value, read_completion, "choices"),
    BodyKind(
        "an answer of Gemini",
        lambda value: any(name in value for name in ("candidates", "promptFeedback", "prompt_feedback")),
        read_candidates,
        "candidates",
    ),
    BodyKind(
        "a response",
        lambda value: value.get("object") == "response" or isinstance(value.get("output"), list),
        read_response,
    ),
    BodyKind(
        "a message of Anthropic",
        lambda value: (
            isinstance(value.get("content"), list) and (value.get("type") == "message" or "stop_reason" in value)
        ),
        read_message,
    ),
)


def kind_of_body(value: Any) -> BodyKind | None:
    """Which API an answer comes from; None for what is no answer."""
    return next((kind for kind in KINDS if kind.is_one(value)), None) if isinstance(value, Mapping) else None


def read_alternatives(value: Mapping[str, Any], kind: BodyKind) -> list[Reply]:
    """The alternative answers, each with the `raw` and the usage of the whole, but alone.

    Raises ReplyError, and HiddenError where the answer, or one of its alternatives, is an error.
    """
    check_whole(value)
    alternatives = value.get(kind.alternatives) if kind.alternatives else None
    alone: list[dict[str, Any]] = [dict(value)]
    if alternatives:
        alone = [{**value, kind.alternatives: [one]} for one in list_of(alternatives)]
    return [kind.read(one, json.dumps(one, ensure_ascii=False)) for one in alone]
