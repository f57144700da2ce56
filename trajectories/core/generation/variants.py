"""A model writes variants of problems there are: other numbers, another story, one step more.

Widening a set by rewriting its own members: Self-Instruct (Wang et al. 2022, arXiv 2212.10560), Evol-Instruct (Xu et
al. 2023, arXiv 2304.12244).
"""

from dataclasses import replace

from trajectories.core.generation.base import Order, Proposal, Recipe, check_common
from trajectories.core.generation.briefs import TARGETS, fill_brief
from trajectories.core.generation.constrained import check_template_of
from trajectories.core.generation.reading import read_problems
from trajectories.core.prompts import Message
from trajectories.core.records import ProblemKind, ProblemRecord


class VariantWriter:
    """Variants of the training problems of a set, each of the kind and family of its source."""

    name = "variants"
    version = 1
    title = "Variants of problems you have"
    summary = "A language model rewrites training problems of a set into new ones of the same kind."
    source_kinds = frozenset(TARGETS)
    threshold = 0.8

    def check(self, recipe: Recipe) -> None:
        """Sources there are, and a template that shows them."""
        check_common(recipe, takes_source=True)
        check_template_of(recipe)

    def messages(self, recipe: Recipe, order: Order, source: ProblemRecord | None) -> tuple[Message, ...]:
        """The brief filled with the source, without its answer, and the order's constraints."""
        kind = source.kind if source is not None else ProblemKind(recipe.kind or ProblemKind.NUMERIC)
        family = recipe.family or (source.family if source is not None else "")
        return fill_brief(recipe.template, kind=kind, family=family, order=order, source=source)

    def read(self, recipe: Recipe, order: Order, source: ProblemRecord | None, text: str) -> list[Proposal]:
        """The problems of the answer, of the source's kind and, unless the recipe names one, its family."""
        kind = source.kind.value if source is not None else recipe.kind
        family = recipe.family or (source.family if source is not None else "")
        return read_problems(replace(recipe, family=family), order, kind, text)
