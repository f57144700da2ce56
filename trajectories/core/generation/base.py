"""What a generator of problems is, what it is asked for and what it proposes."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from trajectories.core.faults import Fault
from trajectories.core.identity import derive_seed
from trajectories.core.problems.procedural import Draw, Example
from trajectories.core.prompts import Message
from trajectories.core.records import JSON, ProblemKind, ProblemRecord

MAX_PER_CALL = 50
"""Problems that one call, or one draw of an embedded generator, is asked for."""


USUAL_PER_CALL = {"procedural": 20, "arc_augmented": 1}


def usual_per_call(generator: str) -> int:
    """How many problems an order asks for where nobody says: varied tasks come of as many sources as can be."""
    return USUAL_PER_CALL.get(generator, 5)


class GenerationError(Fault):
    """What was asked for cannot be generated."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that says which problems a generator makes; the same recipe asks for the same ones.

    `words` and `features` are drawn from, `words_each` and `features_each` of them for each order. `kind` is what a
    model is asked to write, "" where the kind follows from the source or the generator. `sources` is the number of
    source problems, `parameters` what only this generator reads.
    """

    generator: str
    seed: int
    """What everything is drawn by."""
    kind: str = ""
    family: str = ""
    split: str = "train"
    per_call: int = 5
    """How many problems one call is asked for."""
    words: tuple[str, ...] = ()
    words_each: int = 0
    features: tuple[str, ...] = ()
    features_each: int = 0
    template: str = ""
    sources: int = 0
    parameters: Mapping[str, JSON] = field(default_factory=dict)

    def to_json(self) -> dict[str, JSON]:
        """The form in which a job keeps it."""
        return {**asdict(self), "words": list(self.words), "features": list(self.features)}


def recipe_from_json(value: Mapping[str, Any]) -> Recipe:
    """What `to_json` gave."""
    return Recipe(**{**value, "words": tuple(value["words"]), "features": tuple(value["features"])})


@dataclass(frozen=True, slots=True)
class Order:
    """What one call is asked for: drawn by seed, and so the same whenever it is asked for again.

    `source` is the place of the source problem in the recipe's list, None where the generator takes none.
    """

    index: int
    """Which order of its recipe it is, from 0."""
    seed: int
    count: int
    """How many problems are asked for."""
    words: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    source: int | None = None

    def constraints(self) -> dict[str, JSON]:
        """What was drawn, as it is kept with each candidate."""
        drawn: dict[str, JSON] = {"words": list(self.words), "features": list(self.features)}
        return {name: value for name, value in drawn.items() if value}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A problem that a generator proposes, or `fault`: why what it gave is none. `said` is what it gave, as text.

    `record.reference` is what the generator says is the answer; `facts` says how it came about.
    """

    record: ProblemRecord | None
    fault: str = ""
    said: str = ""
    facts: Mapping[str, JSON] = field(default_factory=dict)


class Tools(Protocol):
    """What the outside world lends an embedded generator."""

    def examples(self, draw: Draw) -> Iterator[Example]:
        """The problems of a procedural draw, in order. Raises ProceduralError."""
        ...


class Generator(Protocol):
    """What all generators say of themselves. `source_kinds` is empty where no source problem is taken."""

    name: str
    version: int
    title: str
    summary: str
    source_kinds: frozenset[ProblemKind]
    threshold: float
    """From which similarity to another problem on a new one is usually called a near duplicate."""

    def check(self, recipe: Recipe) -> None:
        """Raise GenerationError where the recipe cannot be followed."""
        ...


class Writer(Generator, Protocol):
    """A generator that asks a language model."""

    def messages(self, recipe: Recipe, order: Order, source: ProblemRecord | None) -> tuple[Message, ...]:
        """What the model is sent; no reference answer is in it. Raises PromptError for a template that is none."""
        ...

    def read(self, recipe: Recipe, order: Order, source: ProblemRecord | None, text: str) -> list[Proposal]:
        """What the model's answer proposes. Total: any text gives proposals, if only one with a fault."""
        ...


class Maker(Generator, Protocol):
    """An embedded generator: no model is asked, and its reference answers are right by construction."""

    def make(self, recipe: Recipe, order: Order, source: ProblemRecord | None, tools: Tools) -> list[Proposal]:
        """What it makes for an order; an order it cannot follow is a proposal with a fault."""
        ...


def draw_order(recipe: Recipe, index: int, *, takes_source: bool) -> Order:
    """The order of that number. Words, features and the source have streams of their own; sources are gone through in
    a shuffled order, each once before any comes again.
    """
    seed = derive_seed(recipe.seed, "order", index)
    return Order(
        index=index,
        seed=seed,
        count=recipe.per_call,
        words=_drawn(recipe.words, recipe.words_each, derive_seed(seed, "words")),
        features=_drawn(recipe.features, recipe.features_each, derive_seed(seed, "features")),
        source=_source(recipe, index) if takes_source else None,
    )


def _drawn(choices: Sequence[str], count: int, seed: int) -> tuple[str, ...]:
    return tuple(random.Random(seed).sample(choices, min(count, len(choices))))


def _source(recipe: Recipe, index: int) -> int:
    turn, place = divmod(index, recipe.sources)
    places = list(range(recipe.sources))
    random.Random(derive_seed(recipe.seed, "sources", turn)).shuffle(places)
    return places[place]


def check_common(recipe: Recipe, *, takes_source: bool) -> None:
    """Raise GenerationError for what is wrong with a recipe whatever its generator is."""
    if not 1 <= recipe.per_call <= MAX_PER_CALL:
        raise GenerationError(
            f"Found {recipe.per_call} problems a call, expected 1 to {MAX_PER_CALL}.", field="per_call"
        )
    if recipe.split not in ("train", "eval"):
        raise GenerationError(f"Found the split {recipe.split[:40]!r}, expected train or eval.", field="split")
    for name, each, choices in (
        ("words", recipe.words_each, recipe.words),
        ("features", recipe.features_each, recipe.features),
    ):
        if not 0 <= each <= len(choices):
            raise GenerationError(
                f"Found {each} {name} to draw, expected 0 to {len(choices)} of them.", field=f"{name}_each"
            )
    if takes_source and not recipe.sources:
        raise GenerationError(
            "Found no problem to start from, expected a set with training problems.", field="source_set"
        )
