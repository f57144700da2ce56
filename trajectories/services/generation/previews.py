"""What a job would ask for or make first, before anything is paid for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from trajectories.core.generation import GENERATORS, MAKERS, WRITERS
from trajectories.core.generation.base import GenerationError, Order, Proposal, Recipe, draw_order
from trajectories.core.problems.procedural import ProceduralError
from trajectories.core.prompts import Message, PromptError
from trajectories.core.text.tokens import estimate_tokens
from trajectories.models import Problem, ProblemSet
from trajectories.selectors.problems import to_record
from trajectories.services.problems.procedural import Families

PREVIEWED = 2
"""Problems that an embedded generator makes for a preview."""

NO_SEED = 1


@dataclass(frozen=True, slots=True)
class GenerationPreview:
    """The first order with the exact messages it is placed with, or what an embedded generator makes for it."""

    order: Order
    messages: Sequence[Message] = ()
    tokens: int = 0
    proposals: Sequence[Proposal] = ()
    source: Problem | None = None


def preview_generation(
    *, recipe: Recipe, seed: int | None = None, source_set: ProblemSet | None = None
) -> GenerationPreview:
    """What the first order of a recipe comes to. Raises GenerationError."""
    generator = GENERATORS[recipe.generator]
    source = _first_source(recipe, source_set)
    takes_source = bool(generator.source_kinds)
    recipe = replace(recipe, seed=NO_SEED if seed is None else seed, sources=1 if source else 0)
    generator.check(recipe)
    record = None if source is None else to_record(source)
    if recipe.generator in MAKERS:
        order = draw_order(replace(recipe, per_call=PREVIEWED), 0, takes_source=takes_source)
        try:
            made = MAKERS[recipe.generator].make(recipe, order, record, Families())
        except ProceduralError as fault:
            raise GenerationError(f"{fault}.", field="procedural_family") from fault
        return GenerationPreview(order, proposals=made, source=source)
    order = draw_order(recipe, 0, takes_source=takes_source)
    try:
        messages = WRITERS[recipe.generator].messages(recipe, order, record)
    except PromptError as fault:
        raise GenerationError(str(fault), field="template") from fault
    tokens = sum(estimate_tokens(str(message["content"])) for message in messages)
    return GenerationPreview(order, messages, tokens, source=source)


def _first_source(recipe: Recipe, source_set: ProblemSet | None) -> Problem | None:
    """A problem to show the recipe on: the first it could start from, of the set or of any."""
    kinds = GENERATORS[recipe.generator].source_kinds
    if not kinds:
        return None
    training = Problem.objects.filter(kind__in=kinds, split=Problem.Split.TRAIN).order_by("pk")
    if source_set is not None:
        training = training.filter(problem_set=source_set)
    return training.first()
