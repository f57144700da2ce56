"""Reading the answers of both APIs, whole or streamed. What comes is hostile: every field may be anything."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from trajectories.core.completions.hidden_errors import check_bare, check_choice, check_ended, check_whole
from trajectories.core.completions.messages import REFUSAL, Piece, read_items, read_message, said_in, thoughts_of
from trajectories.core.completions.usage import read_usage
from trajectories.core.records import FinishReason, Usage

FINISHES = {
    **dict.fromkeys(
        (
            *(
                "length",
                "max_tokens",
                "max_output_tokens",
                "model_length",
                "model_context_window_exceeded",
                "repetition",
            ),
            *("max_length", "context_length", "context_length_exceeded", "token_limit", "time_limit", "cutoff"),
            *("incomplete", "pause_turn"),  # the text would have gone on
        ),
        FinishReason.LENGTH,
    ),
    **dict.fromkeys(
        (
            *("content_filter", "content_filtered", "safety", "recitation", "blocklist", "prohibited_content", "spii"),
            *("sensitive", "error_toxic", "guardrail_intervened", "moderation"),  # Zhipu, Cohere, Bedrock
        ),
        FinishReason.FILTER,
    ),
    "refusal": FinishReason.REFUSAL,
}
"""Why a text ended, by the word of any provider in lower case; by every other word it ended by itself.

`repetition`: the engine (vLLM) cut off a text that went round in circles. It is the model's own, cut short.
"""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered. `usage` is None where the endpoint gave none; `raw` is the JSON it came as.

    `pieces` are thoughts, content and calls in the order they came: `reasoning` is all thoughts that came apart from
    the content, `text` all content. `stated_cost` is what the endpoint says the whole call cost, in its own currency;
    None where it says nothing.
    """

    text: str
    reasoning: str
    finish_reason: FinishReason
    usage: Usage | None
    model: str
    raw: str
    tool_calls: Sequence[Any] = ()
    mean_logprob: float | None = None
    """The mean log-probability of its tokens (natural logarithm); None where the endpoint does not tell."""
    stated_cost: Decimal | None = None
    pieces: tuple[Piece, ...] = ()


class ReplyError(ValueError):
    """An answer that is JSON but not an answer; the message says what it lacks."""


def read_reply(raw: str, *, just_came: bool = False) -> Reply:
    """Read the answer of either API. Raises json.JSONDecodeError, ReplyError, and HiddenError for an error that comes
    as if it were an answer.

    Of one that `just_came`, a reason to finish that is null is such an error: null is what the parts of a stream have
    until the text ends. What was stored before is read as it was then.
    """
    value = json.loads(raw)
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        check_whole(value[0])  # Google's errors
    if not isinstance(value, dict):
        raise ReplyError(f"a JSON {type(value).__name__} instead of an object")
    check_whole(value)
    if just_came:
        check_ended(value)
    return read_response(value, raw) if value.get("object") == "response" else read_completion(value, raw)


def read_completion(value: Mapping[str, Any], raw: str) -> Reply:
    """The first choice of a chat completion. Raises ReplyError and HiddenError."""
    choices = value.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        check_bare(value)
        raise ReplyError("an object without choices[0].message")
    check_choice(choice)
    pieces = read_message(message)
    text = said_in([piece for piece in pieces if piece.source != REFUSAL])
    refusal = said_in([piece for piece in pieces if piece.source == REFUSAL])
    counted = read_usage(value.get("usage"))
    calls = message.get("tool_calls") if isinstance(message.get("tool_calls"), list) else []
    return Reply(
        text=text or refusal,
        reasoning=thoughts_of(pieces),
        finish_reason=finish_reason_of(choice.get("finish_reason"), text, refusal, has_calls=bool(calls)),
        usage=None if counted is None else counted.usage,
        model=text_of(value.get("model")),
        raw=raw,
        tool_calls=calls or [],
        mean_logprob=_mean_logprob(choice.get("logprobs")),
        stated_cost=None if counted is None else counted.cost,
        pieces=pieces,
    )


def read_text_completion(value: Mapping[str, Any], raw: str) -> Reply:
    """The first choice of a completion without messages, as base models give it. Raises ReplyError and HiddenError."""
    told = [
        {**choice, "message": {"role": "assistant", "content": choice["text"]}}
        for choice in list_of(value.get("choices"))
        if isinstance(choice, dict) and isinstance(choice.get("text"), str)
    ]
    return read_completion({**value, "choices": told}, raw)


def read_response(value: Mapping[str, Any], raw: str) -> Reply:
    """The Responses API: a list of items, of which messages, refusals and reasoning summaries are read."""
    items = [item for item in list_of(value.get("output")) if isinstance(item, dict)]
    parts = [part for item in items for part in list_of(item.get("content")) if isinstance(part, dict)]
    pieces = read_items(items)
    text = said_in([piece for piece in pieces if piece.source != REFUSAL])
    refusal = said_in([piece for piece in pieces if piece.source == REFUSAL])
    logprobs = [token for part in parts for token in list_of(part.get("logprobs"))]
    calls = [item for item in items if item.get("type") == "function_call"]
    details = value.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    reason = reason or ("length" if value.get("status") == "incomplete" else "stop")
    counted = read_usage(value.get("usage"))
    return Reply(
        text=text or refusal,
        reasoning=thoughts_of(pieces),
        finish_reason=finish_reason_of(reason, text, refusal, has_calls=bool(calls)),
        usage=None if counted is None else counted.usage,
        model=text_of(value.get("model")),
        raw=raw,
        tool_calls=calls,
        mean_logprob=_mean_logprob({"content": logprobs}),
        stated_cost=None if counted is None else counted.cost,
        pieces=pieces,
    )


def finish_reason_of(given: Any, text: str, refusal: str = "", *, has_calls: bool = False) -> FinishReason:
    """Why a text ended, by a provider's word for it.

    Truncated, filtered and refused go before empty: they say why there is nothing.
    """
    word = given.lower().replace("-", "_") if isinstance(given, str) else ""
    reason = FINISHES.get(word, FinishReason.STOP)
    if reason is not FinishReason.STOP:
        return reason
    if refusal and not text:
        return FinishReason.REFUSAL
    return FinishReason.STOP if text.strip() or has_calls else FinishReason.EMPTY


def cut_at_limit(reply: Reply, max_output_tokens: int) -> Reply:
    """The reply; one that says it ended by itself at the very limit of tokens it was given was cut off there.

    Some servers (`transformers serve`) say "completed" for what they cut.
    """
    if reply.finish_reason is not FinishReason.STOP or reply.usage is None:
        return reply
    return replace(reply, finish_reason=FinishReason.LENGTH) if _is_at(reply.usage, max_output_tokens) else reply


def _is_at(usage: Usage, max_output_tokens: int) -> bool:
    return usage.output_tokens == max_output_tokens or usage.output_tokens - usage.reasoning_tokens == max_output_tokens


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
