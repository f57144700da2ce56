"""Problems of a procedural family: made by its generator, scored by its own scorer."""

from trajectories.core.generation.base import GenerationError, Order, Proposal, Recipe, Tools, check_common
from trajectories.core.problems.procedural import MAX_SEED, Draw, ProceduralError, to_problem
from trajectories.core.records import ProblemKind, ProblemRecord


class ProceduralMaker:
    """New problems of one family with chosen knobs; parameters: `family` and `knobs` (name to value)."""

    name = "procedural"
    version = 1
    title = "Procedural family"
    summary = "A family of reasoning-gym makes problems with known answers; no model is asked."
    source_kinds: frozenset[ProblemKind] = frozenset()
    threshold = 1.0

    def check(self, recipe: Recipe) -> None:
        """Check that a recipe names a family. Raises GenerationError. Its knobs are checked when it draws."""
        check_common(recipe, takes_source=False)
        if not isinstance(recipe.parameters.get("family"), str) or not recipe.parameters["family"]:
            raise GenerationError(
                "Found no family of procedural problems, expected its name.", field="procedural_family"
            )

    def make(self, recipe: Recipe, order: Order, source: ProblemRecord | None, tools: Tools) -> list[Proposal]:  # noqa: ARG002
        """The problems of a draw with a seed of the order's own."""
        family, knobs = recipe.parameters["family"], recipe.parameters.get("knobs") or {}
        draw = Draw(family, knobs, order.seed % (MAX_SEED + 1), order.count)
        made: list[Proposal] = []
        try:
            for index, example in enumerate(tools.examples(draw)):
                facts = {"draw seed": draw.seed, "index": index}
                made.append(Proposal(to_problem(example, draw, index, split=recipe.split), facts=facts))
        except (ProceduralError, ValueError, TypeError) as fault:
            made.append(Proposal(None, f"{family}, near problem {len(made)}: {fault}"))
        return made
