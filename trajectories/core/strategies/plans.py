"""The plan that is kept with a run: read from its JSON and written back in one place, with a meaning for every key.

Every problem is looked at by the instructions that fit its kind. Plans kept before that was said have every instruction
for every problem.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self

from trajectories.core.records import JSON
from trajectories.core.strategies.base import Slot
from trajectories.core.strategies.memories import NO_MEMORY, Memory


@dataclass(frozen=True, slots=True)
class Diversity:
    """What makes samples of one prompt differ besides the temperature.

    `examples` solved problems are shown first, the same for all samples of a problem unless they vary. ARC tasks are
    shown turned, recoloured and with their training pairs in another order, but for the first sample of each view.
    """

    examples: int = 0
    examples_vary: bool = False
    symmetries: bool = False
    colours: bool = False
    order: bool = False

    @property
    def varies(self) -> bool:
        """Whether tasks are varied."""
        return self.symmetries or self.colours or self.order


NO_DIVERSITY = Diversity()


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What the attempts of a run are made from, by the keys of what was chosen.

    `problem_ids`: the problems; None for a run that keeps no plan.
    `instruction_ids`: all instructions; `views`: those of each problem kind, None where every one is for every problem.
    `temperatures`: each is drawn with, or (`spread`) they are the ends of a range that the samples are spread over.
    `samples_each`: samples of each problem, instruction and temperature.
    `settings`: the strategy's parameters by name; `agent`: the same once more where the strategy is an agent.
    `example_pool`: the traces that examples are drawn from.
    `memory`: what is looked up for each problem at the moment it is asked.
    `recalls`: whether answers that were paid for before may be used.
    `prompt_tokens`: the longest prompt in tokens; None where nobody measured it.
    `asked`: the way in which samples become one answer, of a run that was asked for one; None for any other run.
    `step_scorer`: the process scorer by which steps of a text are scored; None where that is how sure the model is.
    `step_judge`: the sampler that judges them instead, and `step_rubric`: what it goes by; None where no model does.
    `mind`: the mind of an earlier run that agents go on from, None for nothing; `mind_parts`: which parts of it.
    """

    problem_ids: Sequence[int] | None = None
    instruction_ids: Sequence[int] = ()
    views: Mapping[str, Sequence[int]] | None = None
    temperatures: Sequence[float] = ()
    spread: bool = False
    samples_each: int = 0
    settings: Mapping[str, int] = field(default_factory=dict)
    diversity: Diversity = NO_DIVERSITY
    agent: Mapping[str, int] | None = None
    example_pool: Sequence[int] = ()
    memory: Memory = NO_MEMORY
    recalls: bool = True
    prompt_tokens: int | None = None
    asked: str | None = None
    step_scorer: int | None = None
    step_judge: int | None = None
    step_rubric: int | None = None
    mind: int | None = None
    mind_parts: str = "all"

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """The plan as it was kept; what an earlier version did not keep has its default."""
        known = {each.name: kept[each.name] for each in fields(cls) if each.name in kept}
        memory = Memory.from_json(kept["memory"]) if "memory" in kept else NO_MEMORY
        return cls(**{**known, "diversity": Diversity(**kept.get("diversity", {})), "memory": memory})

    def to_json(self) -> dict[str, JSON]:
        """The form that is kept; what has no value is left out."""
        kept = {each.name: getattr(self, each.name) for each in fields(self)}
        kept |= {"diversity": asdict(self.diversity), "memory": self.memory.to_json() if self.memory else None}
        return {name: value for name, value in kept.items() if value is not None}

    def count_slots(self, kind: str) -> int:
        """Cells of the diversity plan of a problem of this kind."""
        return len(self._views(kind)) * (1 if self.spread else len(self.temperatures)) * self.samples_each

    def list_slots(self, kind: str) -> list[Slot]:
        """The cells for a problem of this kind, sample by sample, each at every temperature in every view."""
        return [
            Slot(instruction, temperature, ordinal)
            for ordinal in range(self.samples_each)
            for temperature in self._temperatures(ordinal)
            for instruction in self._views(kind)
        ]

    def with_samples(self, samples_each: int) -> "RunPlan":
        """The same with another number of samples each."""
        return replace(self, samples_each=samples_each)

    def _temperatures(self, ordinal: int) -> Sequence[float]:
        if not self.spread:
            return self.temperatures
        low, high = self.temperatures
        return (round(low + (high - low) * ordinal / max(1, self.samples_each - 1), 3),)

    def _views(self, kind: str) -> Sequence[int]:
        return self.instruction_ids if self.views is None else self.views[kind]
