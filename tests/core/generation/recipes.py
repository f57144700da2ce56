"""Recipes and problems for tests of generators."""

from collections.abc import Iterator
from typing import Any

from tests.factories import FLIP_SPEC
from trajectories.core.generation.base import Recipe
from trajectories.core.generation.shipped import SHIPPED
from trajectories.core.problems.procedural import Draw, Example
from trajectories.core.records import ProblemKind, ProblemRecord

TEMPLATES = {shipped.generator: shipped.template for shipped in reversed(SHIPPED)}
SUM = ProblemRecord(ProblemKind.NUMERIC, "sum", "Ada has 3 apples and gets 4. How many?", {}, "7", "train", "sums")
TASK = ProblemRecord(ProblemKind.ARC, "flip", "", FLIP_SPEC, [[[9, 8, 7]]], "train")
SOURCES = {"variants": SUM, "arc_augmented": TASK}


class Sums:
    """core.generation.base.Tools: a family of sums."""

    def examples(self, draw: Draw) -> Iterator[Example]:
        for index in range(draw.size):
            yield Example(f"{draw.seed} + {index}?", str(draw.seed + index), {})


def recipe(generator: str, **values: Any) -> Recipe:
    fields = {
        "seed": 7,
        "kind": "numeric",
        "per_call": 3,
        "words": ("kite", "lamp", "oar", "drum"),
        "words_each": 2,
        "features": ("needs two steps", "has a ratio"),
        "features_each": 1,
        "template": TEMPLATES.get(generator, ""),
        "sources": 5,
        "parameters": {"family": "sums", "symmetries": True, "colours": True, "order": True, "resplit": True},
        **values,
    }
    return Recipe(generator, **fields)
