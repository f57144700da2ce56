"""The prompts that a plan would begin with, rendered exactly as they would be sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from trajectories.adapters.chat_api.samples.conversion import request_messages
from trajectories.core.prompts import variation_from_json
from trajectories.core.prompts.leaks import find_leak
from trajectories.core.prompts.pictures import PICTURE_TOKENS, estimate_shown
from trajectories.core.prompts.variation import variation_text
from trajectories.core.records import JSON, SampleRequest
from trajectories.core.strategies.base import Planned
from trajectories.models import Instruction, Problem, Run, Sampler
from trajectories.selectors.examples import example_pool
from trajectories.services.runs.planned_attempts import make_attempt
from trajectories.services.runs.plans import Plan
from trajectories.services.runs.requests import RequestMaker

PROMPTS_SHOWN = 6


@dataclass(frozen=True, slots=True)
class FirstPrompt:
    """One prompt: its messages, each with its tokens, and what is special about it.

    `variation` says in words how the task is turned; `leak` what of the reference answer it shows, "" for nothing;
    `missing_examples` how many of the examples wanted there were not.
    """

    instruction: str
    temperature: float
    turns: Sequence[Mapping[str, JSON]]
    tokens: int
    variation: str
    leak: str
    missing_examples: int


@dataclass(frozen=True, slots=True)
class FirstPrompts:
    """Prompts of one problem: the first ones that differ, of `planned` samples of it in the first round."""

    problem: Problem
    prompts: Sequence[FirstPrompt]
    planned: int


def first_requests(
    plan: Plan, sampler: Sampler, chosen: Sequence[tuple[Problem, Planned]], *, seed: int
) -> list[SampleRequest]:
    """What would be asked for attempts of the first round of a run that is not planned yet, with this seed."""
    kept = plan.keep()
    if plan.diversity.examples:
        kept = replace(kept, example_pool=example_pool(sorted({problem.kind for problem, _ in chosen})))
    maker = RequestMaker(kept, seed)
    look, run = maker.look(), Run(sampler=sampler, seed=seed)
    by_key = {instruction.pk: instruction for instruction in plan.instructions}
    places = {kind: {each: index for index, each in enumerate(first)} for kind, first in plan.first_rounds.items()}
    requests = []
    for problem, planned in chosen:
        attempt = make_attempt(run, problem, planned, index=places[problem.kind][planned])
        attempt.instruction = by_key[planned.slot.instruction]
        requests.append(maker.request(attempt, look))
    return requests


def first_prompts(*, plan: Plan, sampler: Sampler, seed: int) -> list[FirstPrompts]:
    """The first prompts that differ, of the first problem of each kind in the order of the plan.

    Raises PromptError or ProblemError for one that cannot be rendered.
    """
    firsts: dict[str, int] = {}
    for problem in plan.problems:
        firsts.setdefault(problem.kind, problem.pk)
    whole = Problem.objects.in_bulk(firsts.values())
    return [_first_prompts(plan, sampler, whole[key], seed) for key in firsts.values()]


def _first_prompts(plan: Plan, sampler: Sampler, problem: Problem, seed: int) -> FirstPrompts:
    first = plan.first_rounds[problem.kind]
    by_key = {instruction.pk: instruction for instruction in plan.instructions}
    differing = plan.diversity.varies or plan.diversity.examples_vary
    distinct = {(each.slot.instruction, each.slot.ordinal if differing else 0): each for each in reversed(first)}
    shown = list(reversed(distinct.values()))[:PROMPTS_SHOWN]
    requests = first_requests(plan, sampler, [(problem, planned) for planned in shown], seed=seed)
    picture_tokens = sampler.parameters.get("picture_tokens", PICTURE_TOKENS)
    prompts = [
        _prompt(
            problem,
            by_key[planned.slot.instruction],
            planned.slot.temperature,
            request,
            plan.wants_examples,
            picture_tokens,
        )
        for planned, request in zip(shown, requests, strict=True)
    ]
    return FirstPrompts(problem, prompts, len(first))


def _prompt(
    problem: Problem,
    instruction: Instruction,
    temperature: float,
    request: SampleRequest,
    examples: int,
    picture_tokens: int,
) -> FirstPrompt:
    messages = request_messages(request)
    sizes = [estimate_shown(str(message["content"]), picture_tokens) for message in messages]
    variation = None if request.variation is None else variation_from_json(request.variation)
    return FirstPrompt(
        instruction=instruction.title,
        temperature=temperature,
        turns=[{**message, "tokens": size} for message, size in zip(messages, sizes, strict=True)],
        tokens=sum(sizes),
        variation="" if variation is None else variation_text(variation),
        leak="" if variation is not None else find_leak(request.problem, problem.reference, messages),
        missing_examples=examples - len(request.examples),
    )
