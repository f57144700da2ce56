"""What a generation job would take of language models. Estimates, never bills."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Avg, QuerySet

from trajectories.adapters.chat_api import ChatSettings
from trajectories.core.generation import WRITERS
from trajectories.core.records import Usage
from trajectories.models import CandidateAnswer, GenerationCall, Sampler
from trajectories.services.generation.jobs import CALLS_PER_NEED, GenerationDraft
from trajectories.services.generation.previews import GenerationPreview, preview_generation

HISTORY = 500
SHARE_OF_LIMIT = 4
"""Without any history an answer is taken to use a quarter of what it may."""


@dataclass(frozen=True, slots=True)
class GenerationEstimate:
    """Orders, and the tokens and money of the fewest that would do; `cost` is None where a price is unknown.

    `calls` is how many orders there are if every proposal passes, `most_calls` where the job gives up; `to_solve` how
    often a solver is asked if all pass. An embedded generator or solver takes no tokens. `measured` earlier answers
    are behind the length of answers, 0 where it is guessed. `costs` are those of each model, by its name.
    """

    wanted: int
    calls: int
    most_calls: int
    to_solve: int
    input_tokens: int
    output_tokens: int
    cost: Decimal | None
    measured: int
    costs: Mapping[str, Decimal]

    @property
    def is_free(self) -> bool:
        """Whether no model is asked."""
        return not self.input_tokens and not self.output_tokens


def estimate_generation(*, plan: GenerationDraft, preview: GenerationPreview | None = None) -> GenerationEstimate:
    """Count the orders of a plan and measure the first one, of `preview` where that is known. Raises GenerationError
    for a plan that makes nothing."""
    preview = preview or preview_generation(recipe=plan.recipe, seed=plan.seed, source_set=plan.source_set)
    calls = -(-plan.wanted // plan.recipe.per_call)
    to_solve = plan.check.samples * plan.wanted if plan.check else 0
    parts: list[tuple[str, Usage, Decimal | None]] = []
    measured = 0
    if plan.recipe.generator in WRITERS and plan.sampler is not None:
        output, measured = _mean(plan.sampler, GenerationCall.objects.filter(job__sampler=plan.sampler))
        parts.append(_priced(plan.sampler, Usage(calls * preview.tokens, output_tokens=round(calls * output))))
    if plan.check is not None and plan.check.solver.has_endpoint:
        solver = plan.check.solver
        output, _ = _mean(solver, CandidateAnswer.objects.filter(candidate__job__solver=solver))
        # A problem is about as long as its share of the order that asks for several.
        prompt = preview.tokens // max(1, plan.recipe.per_call) or 1
        parts.append(_priced(solver, Usage(to_solve * prompt, output_tokens=round(to_solve * output))))
    costs = [cost for *_, cost in parts]
    return GenerationEstimate(
        wanted=plan.wanted,
        calls=calls,
        most_calls=plan.most_calls or max(8, CALLS_PER_NEED * calls),
        to_solve=to_solve,
        input_tokens=sum(usage.input_tokens for _, usage, _ in parts),
        output_tokens=sum(usage.output_tokens for _, usage, _ in parts),
        cost=None if None in costs else sum((cost or Decimal(0) for cost in costs), Decimal(0)),
        measured=measured,
        costs=_by_model(parts),
    )


def _by_model(parts: Sequence[tuple[str, Usage, Decimal | None]]) -> dict[str, Decimal]:
    """What each model is paid, by its name, as far as its prices are known."""
    costs: dict[str, Decimal] = {}
    for name, _, cost in parts:
        costs[name] = costs.get(name, Decimal(0)) + (cost or 0)
    return costs


def _priced(sampler: Sampler, usage: Usage) -> tuple[str, Usage, Decimal | None]:
    return sampler.name, usage, ChatSettings.from_parameters(sampler.parameters).cost_of(usage)


def _mean(sampler: Sampler, calls: QuerySet[Any]) -> tuple[float, int]:
    """(tokens of an answer of a model, number of earlier answers to the like that it was measured on)."""
    newest = list(calls.filter(output_tokens__gt=0).order_by("-pk").values_list("pk", flat=True)[:HISTORY])
    mean = calls.model._default_manager.filter(pk__in=newest).aggregate(mean=Avg("output_tokens"))["mean"]
    settings = ChatSettings.from_parameters(sampler.parameters)
    return (float(mean), len(newest)) if mean else (settings.max_output_tokens / SHARE_OF_LIMIT, 0)
