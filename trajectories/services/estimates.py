"""What a plan would take of a language model, measured on prompts rendered for it. Estimates, never bills."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Avg

from trajectories.adapters.chat_api import ChatSettings
from trajectories.core.identity import canonical_json
from trajectories.core.prompts import render_messages
from trajectories.core.records import Usage
from trajectories.core.tokens import estimate_tokens
from trajectories.models import Instruction, Problem, Sampler, Trace
from trajectories.selectors.instructions import to_record
from trajectories.selectors.problems import to_public
from trajectories.services.runs import Plan

PROMPTS = 24
"""So many prompts are rendered, spread over the plan."""

HISTORY = 500
MARGIN = 1.25
"""Problems that were not rendered may be larger, and vocabularies differ."""

SHARE_OF_LIMIT = 4
"""Without any history an answer is taken to use a quarter of what it may."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Calls, tokens and money of a plan. `cost` is None where a price is unknown; `prompt_tokens` bounds one prompt.

    `measured` is the number of earlier answers that the length of answers comes from, 0 for a guess. `seconds` is the
    least time that the limits per minute allow, None where there are none.
    """

    calls: int
    prompts: int
    prompt_tokens: int
    input_tokens: int
    output_tokens: int
    cost: Decimal | None
    measured: int
    seconds: float | None


def estimate_plan(*, plan: Plan, sampler: Sampler) -> Estimate:
    """Render some of the plan's prompts and count. Raises ValueError for a sampler whose parameters are no settings."""
    settings = ChatSettings.from_parameters(sampler.parameters)
    lengths = _prompt_lengths(plan.problems, plan.instructions)
    mean = sum(lengths) / len(lengths)
    output, measured = _output_length(sampler, settings)
    usage = Usage(input_tokens=round(mean * plan.size), output_tokens=round(output * plan.size))
    return Estimate(
        calls=plan.size,
        prompts=len(lengths),
        prompt_tokens=round(MARGIN * max(lengths)),
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cost=settings.cost_of(usage),
        measured=measured,
        seconds=_least_seconds(plan.size, usage, settings),
    )


def _prompt_lengths(problems: Sequence[Problem], instructions: Sequence[Instruction]) -> list[int]:
    """Tokens of prompts spread over problems and instructions; the problems may come without their specs."""
    pairs = len(problems) * len(instructions)
    places = sorted({round(at * (pairs - 1) / max(1, PROMPTS - 1)) for at in range(PROMPTS)})
    chosen = [(problems[at // len(instructions)].pk, instructions[at % len(instructions)]) for at in places]
    whole = Problem.objects.in_bulk([key for key, _ in chosen])
    return [
        estimate_tokens(canonical_json(list(render_messages(to_record(instruction), to_public(whole[key])))))
        for key, instruction in chosen
    ]


def _output_length(sampler: Sampler, settings: ChatSettings) -> tuple[float, int]:
    """(tokens of an answer, number of earlier answers it was measured on)."""
    paid = Trace.objects.filter(sampler__name=sampler.name, output_tokens__gt=0).order_by("-pk")
    newest = list(paid.values_list("pk", flat=True)[:HISTORY])
    mean = Trace.objects.filter(pk__in=newest).aggregate(mean=Avg("output_tokens"))["mean"]
    return (float(mean), len(newest)) if mean else (settings.max_output_tokens / SHARE_OF_LIMIT, 0)


def _least_seconds(calls: int, usage: Usage, settings: ChatSettings) -> float | None:
    tokens = usage.input_tokens + usage.output_tokens
    limits = ((calls, settings.requests_per_minute), (tokens, settings.tokens_per_minute))
    return max((60 * amount / limit for amount, limit in limits if limit is not None), default=None)
