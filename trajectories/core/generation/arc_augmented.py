"""ARC tasks made from others: turned, recoloured, with their pairs in another order or in other roles.

The rule stays the same up to symmetry and colours, so the outputs are known wherever the source's are (augmentation as
in Akyürek et al. 2024, arXiv 2411.07279, here to train on rather than at test time).
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from trajectories.core.generation.base import GenerationError, Order, Proposal, Recipe, Tools, check_common
from trajectories.core.identity import derive_seed
from trajectories.core.problems import ProblemError
from trajectories.core.problems.arc import task_of
from trajectories.core.prompts import draw_variation
from trajectories.core.prompts.variation import SYMMETRIES, vary_grid
from trajectories.core.records import JSON, ProblemKind, ProblemRecord

LEAST_TRAINING = 2
"""Training pairs that a task keeps when a pair becomes its test."""

PARTS = ("symmetries", "colours", "order", "resplit")

_Pair = dict[str, Any]


class ArcAugmenter:
    """Variations of the training tasks of a set; parameters: which of PARTS are varied (true or false)."""

    name = "arc_augmented"
    version = 1
    title = "ARC tasks varied"
    summary = "ARC tasks turned, recoloured, their pairs reordered or given other roles; no model is asked."
    source_kinds = frozenset({ProblemKind.ARC})
    threshold = 1.0

    def check(self, recipe: Recipe) -> None:
        """Sources there are, and something to vary."""
        check_common(recipe, takes_source=True)
        if not any(recipe.parameters.get(part) for part in PARTS):
            raise GenerationError(
                f"Found nothing to vary, expected at least one of {', '.join(PARTS)}.", field="symmetries"
            )

    def make(self, recipe: Recipe, order: Order, source: ProblemRecord | None, tools: Tools) -> list[Proposal]:  # noqa: ARG002
        """So many variations of one task, each drawn by a seed of its own."""
        if source is None:
            return [Proposal(None, "Found no source task.")]
        try:
            task_of(source)
            return [_vary(recipe, order, number, source) for number in range(order.count)]
        except ProblemError as fault:
            return [Proposal(None, f"{source.name}: {fault}")]


def _vary(recipe: Recipe, order: Order, number: int, source: ProblemRecord) -> Proposal:
    seed = derive_seed(order.seed, number)
    wanted = {part: bool(recipe.parameters.get(part)) for part in PARTS}
    train, test, outputs, moved = _split(source, derive_seed(seed, "resplit") if wanted["resplit"] else None)
    drawn = draw_variation(
        seed, len(train), symmetries=wanted["symmetries"], colours=wanted["colours"], order=wanted["order"]
    )

    def shown(grid: JSON) -> JSON:
        return None if grid is None else [list(row) for row in vary_grid(drawn, grid)]

    places = drawn.order or range(len(train))
    spec = {
        "train": [{name: shown(train[place][name]) for name in ("input", "output")} for place in places],
        "test": [{"input": shown(pair["input"])} for pair in test],
    }
    reference = None if outputs is None else [shown(grid) for grid in outputs]
    record = replace(
        source, name=f"{source.name}-{order.index}-{number}", spec=spec, reference=reference, split=recipe.split,
        family=recipe.family or source.family or source.name,
    )  # fmt: skip
    facts: dict[str, JSON] = {"symmetry": SYMMETRIES[drawn.symmetry], "colours": list(drawn.colours)}
    facts |= {"pair order": list(drawn.order)} if drawn.order else {}
    facts |= {"test pair": f"training pair {moved + 1} of the source"} if moved is not None else {}
    return Proposal(record, facts=facts)


def _split(
    source: ProblemRecord, seed: int | None
) -> tuple[Sequence[_Pair], Sequence[_Pair], Sequence[JSON] | None, int | None]:
    """(training pairs, test pairs, their outputs, which training pair became the test or None).

    Roles change only where every output is known and enough training pairs remain: the old test pairs become training
    pairs, and one training pair becomes the only test. One draw in so many as there are pairs keeps the roles.
    """
    train, test = list(source.spec["train"]), list(source.spec["test"])
    outputs = source.reference
    known = isinstance(outputs, list | tuple) and len(outputs) == len(test) and None not in outputs
    if seed is None or not known or len(train) + len(test) - 1 < LEAST_TRAINING:
        return train, test, outputs, None
    chosen = random.Random(seed).randrange(len(train) + 1)
    if chosen == len(train):
        return train, test, outputs, None
    solved = [{"input": pair["input"], "output": output} for pair, output in zip(test, outputs, strict=True)]
    kept = [*train[:chosen], *train[chosen + 1 :], *solved]
    return kept, [train[chosen]], [train[chosen]["output"]], chosen
