"""A model writes problems under constraints drawn at random, so that they do not all come out alike.

Words that must occur and features that are wanted, after TinyStories (Eldan & Li 2023, arXiv 2305.07759); there they
shape stories, here problems with an answer that can be checked.
"""

from trajectories.core.generation.base import GenerationError, Order, Proposal, Recipe, check_common
from trajectories.core.generation.briefs import TARGETS, check_brief, fill_brief
from trajectories.core.generation.reading import read_problems
from trajectories.core.prompts import Message, PromptError
from trajectories.core.records import ProblemKind, ProblemRecord


class ConstrainedWriter:
    """Problems of a kind and family under drawn words and features."""

    name = "constrained"
    version = 1
    title = "Written under drawn constraints"
    summary = "A language model writes new problems; words that must occur and features are drawn for each call."
    source_kinds: frozenset[ProblemKind] = frozenset()
    threshold = 0.7

    def check(self, recipe: Recipe) -> None:
        """A kind that can be written, a template that can be filled, enough to draw from."""
        check_common(recipe, takes_source=False)
        if recipe.kind not in TARGETS:
            raise GenerationError(
                f"Found the kind {recipe.kind[:40]!r}, expected one of {', '.join(TARGETS)}.", field="kind"
            )
        check_template_of(recipe)

    def messages(self, recipe: Recipe, order: Order, source: ProblemRecord | None) -> tuple[Message, ...]:
        """The brief filled with the order's constraints."""
        return fill_brief(
            recipe.template, kind=ProblemKind(recipe.kind), family=recipe.family, order=order, source=source
        )

    def read(self, recipe: Recipe, order: Order, source: ProblemRecord | None, text: str) -> list[Proposal]:  # noqa: ARG002
        """The problems of the answer; the words of the order are looked for in each."""
        return read_problems(recipe, order, recipe.kind, text)


def check_template_of(recipe: Recipe) -> None:
    """Raise GenerationError where the recipe's template is none for its generator."""
    try:
        check_brief(recipe.generator, recipe.template)
    except PromptError as fault:
        raise GenerationError(str(fault), field="brief") from fault
