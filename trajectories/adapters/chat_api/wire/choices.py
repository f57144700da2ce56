"""Several samples in one call (`n` of Chat Completions): taking an answer apart, and sharing out what it took."""

import json
from collections.abc import Sequence
from decimal import Decimal

from trajectories.core.completions.replies import Reply
from trajectories.core.completions.usage import SMALLEST_COST
from trajectories.core.records import Usage
from trajectories.core.text.tokens import estimate_tokens


def split_choices(raw: str) -> list[str]:
    """An answer with several choices as one answer for each, in the order of their indices; one that is no such answer
    as it is. The usage in each is that of the whole call, as the endpoint gave it. Raises json.JSONDecodeError."""
    value = json.loads(raw)
    choices = value.get("choices") if isinstance(value, dict) else None
    if not isinstance(choices, list) or len(choices) < 2:
        return [raw]
    places = [choice.get("index") if isinstance(choice, dict) else None for choice in choices]
    order = sorted(
        range(len(choices)), key=lambda at: (places[at] if isinstance(places[at], int) else len(choices), at)
    )
    return [json.dumps({**value, "choices": [choices[at]]}, ensure_ascii=False) for at in order]


def share_usage(whole: Usage, replies: Sequence[Reply]) -> list[Usage]:
    """What each of several answers took: the input is counted once, on the first, and the output is shared by length.
    The sum is exactly the whole."""
    lengths = [1 + estimate_tokens(reply.reasoning + reply.text) for reply in replies]
    outputs, thoughts = _shares(whole.output_tokens, lengths), _shares(whole.reasoning_tokens, lengths)
    return [
        Usage(
            input_tokens=0 if place else whole.input_tokens,
            cached_tokens=0 if place else whole.cached_tokens,
            reasoning_tokens=thoughts[place],
            output_tokens=outputs[place],
        )
        for place in range(len(replies))
    ]


def share_cost(whole: Decimal, usages: Sequence[Usage]) -> list[Decimal]:
    """What each of several answers cost, by its tokens. The sum is exactly the whole."""
    weights = [usage.input_tokens + usage.output_tokens + 1 for usage in usages]
    given = [(whole * weight / sum(weights)).quantize(SMALLEST_COST) for weight in weights[:-1]]
    return [*given, whole - sum(given, Decimal(0))]


def _shares(total: int, weights: Sequence[int]) -> list[int]:
    """The total in whole shares by weight: each is the difference of two rounded sums, so none is lost."""
    whole, before, found = sum(weights), 0, []
    for weight in weights:
        after = before + weight
        found.append(total * after // whole - total * before // whole)
        before = after
    return found
