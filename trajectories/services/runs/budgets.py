"""Budgets: how many more attempts a run can pay for, counting what is in flight at the most it may cost."""

from dataclasses import dataclass
from decimal import Decimal

from trajectories.adapters.chat_api import ChatSettings
from trajectories.core.records import Usage
from trajectories.models import Run
from trajectories.services.endpoints.local_models import counted_settings

UNKNOWN_PROMPT_TOKENS = 8_192
"""For a run whose prompts were not measured when it was planned."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one sample may take at the most; `cost` is None where a price is unknown."""

    tokens: int
    cost: Decimal | None


def reservation_of(run: Run) -> Reservation:
    """The most one sample of the run may take: its longest prompt and an answer that uses all it may, or of an agent
    all the tokens that its calls may take together."""
    settings = counted_settings(run.sampler)
    plan = run.kept_plan
    if plan.agent is not None:
        return _of_agent(settings, plan.agent["turns"], plan.agent["tokens"])
    prompt = UNKNOWN_PROMPT_TOKENS if plan.prompt_tokens is None else plan.prompt_tokens
    usage = Usage(input_tokens=prompt, output_tokens=settings.max_output_tokens)
    return Reservation(usage.input_tokens + usage.output_tokens, settings.cost_of(usage))


def _of_agent(settings: ChatSettings, turns: int, tokens: int) -> Reservation:
    """Of an agent's tokens as many count as output as its answers may have, where output is the dearer."""
    written = min(tokens, turns * settings.max_output_tokens)
    costs = [settings.cost_of(Usage(input_tokens=tokens - output, output_tokens=output)) for output in (0, written)]
    known = [cost for cost in costs if cost is not None]
    return Reservation(tokens, max(known) if known else None)


def affordable(run: Run, in_flight: int) -> tuple[int | None, str]:
    """(how many more attempts may start beside those in flight, None without a budget; what there is too little of)."""
    if run.budget_tokens is None and run.budget_cost is None:
        return None, ""
    each = reservation_of(run)
    found: list[tuple[int, str]] = []
    if run.budget_tokens is not None:
        left = run.budget_tokens - run.input_tokens - run.output_tokens
        word = (
            f"The token budget of {run.budget_tokens:,} has {max(0, left):,} left; a sample may take {each.tokens:,}."
        )
        found.append((max(0, left // each.tokens - in_flight), word))
    if run.budget_cost is not None and each.cost:
        money = run.budget_cost - run.cost
        word = (
            f"The money budget of {run.budget_cost.normalize():f} has {max(money, Decimal(0)):.4f} left; "
            f"a sample may cost {each.cost:.4f}."
        )
        found.append((max(0, int(money / each.cost) - in_flight), word))
    return min(found) if found else (None, "")
