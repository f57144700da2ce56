"""Reading the answers of Anthropic's Messages API, as its batches and Bedrock's and Vertex AI's have them."""

from collections.abc import Mapping
from typing import Any

from trajectories.core.completions.hidden_errors import check_choice
from trajectories.core.completions.messages import read_message as read_pieces
from trajectories.core.completions.messages import said_in, thoughts_of
from trajectories.core.completions.replies import Reply, finish_reason_of, list_of, text_of
from trajectories.core.completions.usage import read_usage


def read_message(value: Mapping[str, Any], raw: str) -> Reply:
    """A message: blocks of thoughts, text and tool calls. Raises HiddenError for one that was broken off.

    Redacted thoughts have no text; they stay in `raw`, as signatures do.
    """
    reason = value.get("stop_reason")
    check_choice({"finish_reason": reason})
    pieces = read_pieces({"content": value.get("content")})
    text = said_in(pieces)
    blocks = [block for block in list_of(value.get("content")) if isinstance(block, dict)]
    calls = [block for block in blocks if block.get("type") == "tool_use"]
    counted = read_usage(value.get("usage"))
    return Reply(
        text=text,
        reasoning=thoughts_of(pieces),
        finish_reason=finish_reason_of(reason, text, has_calls=bool(calls)),
        usage=None if counted is None else counted.usage,
        model=text_of(value.get("model")),
        raw=raw,
        tool_calls=calls,
        stated_cost=None if counted is None else counted.cost,
        pieces=pieces,
    )
