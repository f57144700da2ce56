"""What a plan would take of a language model, measured on prompts rendered for it. Estimates, never bills."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import accumulate

from django.db.models import Avg

from trajectories.adapters.chat_api import ChatSettings
from trajectories.adapters.chat_api.calls.records import input_tokens_of
from trajectories.adapters.chat_api.samples.conversion import first_call, request_messages
from trajectories.adapters.chat_api.wire.options import ignored_temperature
from trajectories.core.records import SampleRequest, Usage
from trajectories.core.strategies.base import tool_limits
from trajectories.models import Problem, Sampler, Trace
from trajectories.selectors.memory import LONGEST_SHOWN, count_remembered
from trajectories.services.endpoints.local_models import counted_settings, serving_note
from trajectories.services.runs.first_prompts import first_requests
from trajectories.services.runs.plans import Plan

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
    least time that the limits per minute allow, None where there are none. `most_calls` and `most_cost` are those of a
    strategy that uses all it may. `temperature_note` says why the plan's temperatures are not those drawn with, empty
    where they are. `memory_note` says what memory holds now and what it lacks, empty for a plan without one.
    `judge_note` says that a model judge of steps is paid besides, empty for a plan without one. `serving_note` says why
    a run would not go on now, empty where it would.
    """

    calls: int
    most_calls: int
    prompts: int
    prompt_tokens: int
    input_tokens: int
    output_tokens: int
    cost: Decimal | None
    most_cost: Decimal | None
    measured: int
    seconds: float | None
    temperature_note: str = ""
    memory_note: str = ""
    judge_note: str = ""
    serving_note: str = ""


def estimate_plan(*, plan: Plan, sampler: Sampler) -> Estimate:
    """Render some of the plan's prompts and count. Raises ValueError for a sampler whose parameters are no settings."""
    settings = counted_settings(sampler)
    requests = _spread_requests(plan, sampler)
    lengths = [_tokens_of(request, settings) for request in requests]
    mean = sum(lengths) / len(lengths)
    output, measured = _output_length(sampler, settings)
    limits = tool_limits(*plan.found)
    turns = 1 if limits is None else limits["turns"]
    likely = Usage(input_tokens=round(mean * plan.size), output_tokens=round(output * plan.size))
    return Estimate(
        calls=plan.size,
        most_calls=plan.most * turns,
        prompts=len(lengths),
        prompt_tokens=_longest(plan, max(*lengths, _most_remembered(plan, requests, settings)), settings),
        input_tokens=likely.input_tokens,
        output_tokens=likely.output_tokens,
        cost=settings.planned(settings.cost_of(likely)),
        most_cost=settings.reserved(settings.cost_of(_at_most(plan, mean, output))),
        measured=measured,
        seconds=None if settings.is_batched else _least_seconds(plan.size, likely, settings),
        temperature_note=_temperature_note(plan, settings),
        memory_note=_memory_note(plan, requests),
        judge_note=_judge_note(plan),
        serving_note=serving_note() if sampler.is_local else "",
    )


def _temperature_note(plan: Plan, settings: ChatSettings) -> str:
    why = ignored_temperature(settings)
    planned = " and ".join(f"{each:g}" for each in plan.temperatures)
    noun = "temperatures" if len(plan.temperatures) > 1 else "temperature"
    return f"{why} The {noun} {planned} of this plan will change nothing." if why else ""


def _judge_note(plan: Plan) -> str:
    if plan.step_judge is None:
        return ""
    return (
        f"{plan.step_judge.sampler} is asked once about every text so far, up to {plan.most:,} in all, which the run "
        "pays for; this has not."
    )


def _memory_note(plan: Plan, requests: Sequence[SampleRequest]) -> str:
    """What memory holds for the plan as things stand, in one or two sentences; "" where it has none."""
    if not (memory := plan.memory):
        return ""
    traces, problems = count_remembered(memory, sorted(plan.kinds))
    if not traces:
        return (
            f"Memory is empty now ({memory.words}): prompts begin without examples and get them once there are such "
            "traces."
        )
    short = sum(len(request.examples) < memory.count for request in requests)
    lacking = f" {short:,} of {len(requests):,} prompts rendered find fewer than {memory.count}." if short else ""
    held = f"{traces:,} trace{'' if traces == 1 else 's'} of {problems:,} problem{'' if problems == 1 else 's'}"
    asked = "" if memory.embedder is None else " The run asks for embeddings that are not known yet; this has not."
    return f"Memory holds {held} now.{lacking}{asked}"


def _most_remembered(plan: Plan, requests: Sequence[SampleRequest], settings: ChatSettings) -> int:
    """Tokens of a prompt once memory has all that it may show: problems like these, with the longest responses."""
    bare = max(_tokens_of(replace(request, examples=()), settings) for request in requests)
    return bare + plan.memory.count * (bare + LONGEST_SHOWN) if plan.memory else 0


def _tokens_of(request: SampleRequest, settings: ChatSettings) -> int:
    return input_tokens_of(first_call(request, request_messages(request)).messages, settings.picture_tokens)


def _longest(plan: Plan, tokens: int, settings: ChatSettings) -> int:
    """What one prompt may have: a later round shows the earlier answer, and grids as large as the task's; a text that
    grows shows all steps so far, each as long as an answer may be."""
    first = MARGIN * tokens
    if plan.found[0].steps:
        return round(first + (plan.found[1]["depth"] - 1) * settings.max_output_tokens)
    return round(first if not plan.found[0].adapts else 2 * first + settings.max_output_tokens)


def _at_most(plan: Plan, mean: float, output: float) -> Usage:
    """Tokens where the strategy uses all it may."""
    if (limits := tool_limits(*plan.found)) is not None:
        written = round(output * limits["turns"] * plan.most)
        return Usage(input_tokens=max(0, limits["tokens"] * plan.most - written), output_tokens=written)
    if plan.found[0].steps:
        # A text of so many steps is about as long as an answer, and half of it stands there on average.
        each = output / plan.found[1]["depth"]
        return Usage(input_tokens=round((mean + output / 2) * plan.most), output_tokens=round(each * plan.most))
    later = plan.most - plan.size
    return Usage(
        input_tokens=round(mean * plan.size + (2 * mean + output) * later), output_tokens=round(output * plan.most)
    )


def _spread_requests(plan: Plan, sampler: Sampler) -> list[SampleRequest]:
    """First requests spread over problems and instructions; the problems may come without their specs."""
    starts = [0, *accumulate(len(plan.views[problem.kind]) for problem in plan.problems)]
    places = sorted({round(at * (starts[-1] - 1) / max(1, PROMPTS - 1)) for at in range(PROMPTS)})
    chosen = [(bisect_right(starts, at) - 1, at) for at in places]
    whole = Problem.objects.in_bulk([plan.problems[index].pk for index, _ in chosen])
    planned = [
        (whole[problem.pk], plan.first_rounds[problem.kind][at - starts[index]])
        for index, at in chosen
        for problem in [plan.problems[index]]
    ]
    return first_requests(plan, sampler, planned, seed=0)


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
