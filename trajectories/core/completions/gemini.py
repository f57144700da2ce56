"""Reading the answers of Gemini's generateContent, with its names in either spelling (`finishReason`, `finish_reason`).

The REST API and the files of batches write the first, what Google's Python client prints has the second.
"""

import re
from collections.abc import Mapping
from typing import Any

from trajectories.core.completions.hidden_errors import broken_off, is_broken_off
from trajectories.core.completions.messages import read_message, said_in, thoughts_of
from trajectories.core.completions.replies import Reply, ReplyError, finish_reason_of, list_of, text_of
from trajectories.core.completions.usage import read_usage

CUT_OFF_FOR_OTHER_REASONS = ("other", "image_other", "no_image")
"""What Gemini says of a text that it did not finish for a reason of its own."""

_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def field_of(value: Mapping[str, Any], name: str) -> Any:
    """A field by its name in camel case or, where there is none, in snake case."""
    return value.get(name) if name in value else value.get(_HUMP.sub("_", name).lower())


def read_candidates(value: Mapping[str, Any], raw: str) -> Reply:
    """The first candidate. Raises ReplyError, and HiddenError for a blocked prompt or a text that was broken off."""
    feedback = field_of(value, "promptFeedback")
    blocked = field_of(feedback, "blockReason") if isinstance(feedback, dict) else None
    candidates = list_of(value.get("candidates"))
    if blocked and not candidates:
        said = text_of(field_of(feedback, "blockReasonMessage"))
        raise broken_off(f"The prompt was blocked ({blocked}). {said}".strip())
    candidate = candidates[0] if candidates else None
    if not isinstance(candidate, dict):
        raise ReplyError("an object without candidates[0]")
    reason = _word(field_of(candidate, "finishReason"))
    if is_broken_off(reason) or reason in CUT_OFF_FOR_OTHER_REASONS:
        said = text_of(field_of(candidate, "finishMessage"))
        raise broken_off(f"The answer was broken off (finishReason {reason.upper()}). {said}".strip())
    content = candidate.get("content")
    given = list_of(content.get("parts")) if isinstance(content, dict) else []
    parts = [part for part in given if isinstance(part, dict)]
    pieces = read_message({"content": parts})
    text = said_in(pieces)
    calls = [call for part in parts if isinstance(call := field_of(part, "functionCall"), dict)]
    counted = read_usage(field_of(value, "usageMetadata"))
    return Reply(
        text=text,
        reasoning=thoughts_of(pieces),
        finish_reason=finish_reason_of(reason, text, has_calls=bool(calls)),
        usage=None if counted is None else counted.usage,
        model=text_of(field_of(value, "modelVersion")) or text_of(value.get("model")),
        raw=raw,
        tool_calls=calls,
        stated_cost=None if counted is None else counted.cost,
        pieces=pieces,
    )


def _word(reason: Any) -> str:
    """A reason to finish in lower case, as others write it; the client's own print has `FinishReason.STOP`."""
    return text_of(reason).rpartition(".")[2].lower()
