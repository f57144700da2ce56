"""Token counts and money as providers write them, in one reading.

Providers agree on little. `prompt_tokens` holds the cached tokens; Anthropic's `input_tokens` does not. OpenAI counts
reasoning inside `completion_tokens`; xAI and Gemini count it beside (UKGovernmentBEIS/inspect_ai#5528,
langfuse/langfuse#12531), so that a reader who knows one of them gets the other wrong many times over. `total_tokens`,
where it is given, is the witness: what is in the total and not in the input was output.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from trajectories.core.records import Usage

MOST = 2**31 - 1
"""A larger count is no count but a fault; it is kept as this, which fits the database."""

SMALLEST_COST = Decimal("0.00000001")
EXACT = Context(prec=60)
"""Of sums of money: the precision of the process is anybody's to change."""

INPUT = (
    *("prompt_tokens", "input_tokens"),
    *("promptTokenCount", "prompt_token_count"),  # Gemini
    "prompt_eval_count",  # Ollama
    *("inputTokens", "promptTokens"),  # Bedrock, AI SDK
)
OUTPUT = (
    *("completion_tokens", "output_tokens"),
    *("candidatesTokenCount", "candidates_token_count"),
    "eval_count",
    *("outputTokens", "completionTokens"),
)
TOTAL = ("total_tokens", "totalTokenCount", "total_token_count", "totalTokens")
CACHED = (
    "prompt_tokens_details.cached_tokens",  # OpenAI, xAI, OpenRouter
    "input_tokens_details.cached_tokens",  # OpenAI Responses
    "prompt_cache_hit_tokens",  # DeepSeek
    "cached_tokens",  # Kimi
    *("cachedContentTokenCount", "cached_content_token_count"),  # Gemini
    "cache_read_input_tokens",  # Anthropic
    *("cacheReadInputTokens", "cachedInputTokens"),  # Bedrock, AI SDK
)
REASONING = (
    "completion_tokens_details.reasoning_tokens",
    "output_tokens_details.reasoning_tokens",
    *("reasoning_tokens", "reasoning_output_tokens", "reasoningTokens"),  # Perplexity, Codex, AI SDK
    *("thoughtsTokenCount", "thoughts_token_count"),  # Gemini
)
BESIDE_OUTPUT = ("thoughtsTokenCount", "thoughts_token_count")
"""Gemini's thoughts, which its count of the answer always leaves out."""

TOOL_INPUT = ("toolUsePromptTokenCount", "tool_use_prompt_token_count")
"""What Gemini's own tools brought into the prompt: in the total, not in the count of the prompt."""

BESIDE_INPUT = {
    "input_tokens": ("cache_read_input_tokens", "cache_creation_input_tokens"),
    "inputTokens": ("cacheReadInputTokens", "cacheWriteInputTokens"),
}
"""Counts of the cache that Anthropic and Bedrock leave out of their count of the input."""

TICKS = Decimal(10) ** 10
"""xAI's units of cost in a dollar."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What an answer took. `cost` is what the endpoint says it charged, None where it says nothing."""

    usage: Usage
    cost: Decimal | None = None


def read_usage(value: Any) -> Counted | None:
    """The counts of an answer's `usage` (Gemini: `usageMetadata`); None where it has none.

    `output_tokens` of the result hold the reasoning, `input_tokens` the cached input, whoever wrote them.
    """
    if not isinstance(value, Mapping):
        return None
    if isinstance(value.get("tokens"), Mapping):  # Cohere, which counts what it bills apart
        value = {**value, **value["tokens"]}
    known = (*INPUT, *OUTPUT, *TOTAL)
    if not any(_is_count(value.get(name)) for name in known):
        return None
    incoming = _first(value, INPUT)
    for name, beside in BESIDE_INPUT.items():
        if name in value and "prompt_tokens" not in value:
            incoming += sum(_count(value.get(other)) for other in beside)
    incoming += _first(value, TOOL_INPUT)
    outgoing, reasoning = _first(value, OUTPUT), _first(value, REASONING)
    total = _first(value, TOTAL)
    if total - incoming > outgoing:
        outgoing = total - incoming
    elif not total and (_first(value, BESIDE_OUTPUT) or reasoning > outgoing):
        outgoing += reasoning
    usage = Usage(
        input_tokens=min(incoming, MOST),
        cached_tokens=min(_first(value, CACHED), incoming, MOST),
        reasoning_tokens=min(reasoning, outgoing, MOST),
        output_tokens=min(outgoing, MOST),
    )
    return Counted(usage, _cost(value))


def _first(value: Mapping[str, Any], names: tuple[str, ...]) -> int:
    """The first of the counts that is there and is no zero."""
    for holder, last in _places(names):
        inner = value.get(holder) if holder else value
        if isinstance(inner, Mapping) and last in inner and (count := _count(inner[last])):
            return count
    return 0


@lru_cache(maxsize=16)
def _places(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """(object, "" for the whole, and name in it) of each count."""
    return tuple((holder, last) for holder, _, last in (name.rpartition(".") for name in names))


def _is_count(value: Any) -> bool:
    if isinstance(value, str):
        return value.isascii() and value.isdigit() and len(value) < 20
    return type(value) in (int, float) and value == value and 0 <= value < float("inf") and value == int(value)


def _count(value: Any) -> int:
    return int(value) if _is_count(value) else 0


def _cost(value: Mapping[str, Any]) -> Decimal | None:
    """OpenRouter's `cost`, with what the upstream charged to a key of one's own; Perplexity's and others' totals."""
    ticks = _money(value.get("cost_in_usd_ticks"), most=10**8 * TICKS)  # xAI
    if ticks is not None:
        return EXACT.divide(ticks, TICKS).quantize(SMALLEST_COST, context=EXACT)
    names = ("cost", "estimated_cost", "total_cost", "cost_usd", "total_cost_usd")  # OpenRouter, DeepInfra, LiteLLM
    stated = next((value[name] for name in names if value.get(name) is not None), None)
    if isinstance(stated, Mapping):
        return _money(next((stated[name] for name in ("total_cost", "total") if stated.get(name) is not None), None))
    money = _money(stated)
    details = value.get("cost_details")
    if money is not None and value.get("is_byok") is True and isinstance(details, Mapping):
        money += _money(details.get("upstream_inference_cost")) or Decimal(0)
    return money


def _money(value: Any, *, most: Decimal = Decimal(10**8)) -> Decimal | None:
    if type(value) not in (int, float, str):
        return None
    try:
        money = Decimal(str(value))
    except InvalidOperation:
        return None
    return money.quantize(SMALLEST_COST, context=EXACT) if money.is_finite() and 0 <= money < most else None
