"""The plan of a campaign: what each generation samples, what it learns from, and how it is measured."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, Self

from trajectories.core.campaigns.gates import GateTest
from trajectories.core.faults import Fault
from trajectories.core.records import JSON, Outcome
from trajectories.core.releases.rules import Balance, Decontamination, Reviews, Rule, Sameness, Source, Verdicts

NEAR = 0.8
"""Statements whose word triples share so much (Jaccard) count as one problem on both sides."""

MOST_GENERATIONS = 40
MOST_PER_PROBLEM = 1_000
LEVELS = (0.001, 0.5)
"""The least and the greatest level of a gate."""


class Basis(StrEnum):
    """What says that a trace is worth learning from."""

    TRUTH = "truth"
    PEOPLE = "people"
    BOTH = "both"
    CONSENSUS = "consensus"


BASES: Mapping[Basis, str] = {
    Basis.TRUTH: "Right by its verifiers, and rejected by nobody",
    Basis.PEOPLE: "Accepted by people, whatever verifiers found",
    Basis.BOTH: "Right by its verifiers and accepted by people",
    Basis.CONSENSUS: "Agrees with the majority of its problem's samples, and rejected by nobody",
}
"""What each basis takes, in words."""


class Replay(StrEnum):
    """Which generations' traces a training learns from."""

    ALL = "all"
    NEWEST = "newest"


REPLAYS: Mapping[Replay, str] = {
    Replay.ALL: "All generations so far",
    Replay.NEWEST: "The newest generation alone",
}

SYMBOLIC_TRAINER = "embedded"


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """What a campaign was planned as. Problems, instructions and problem sets are named by their ids.

    Every generation draws `samples_each` samples of each training problem, instruction and temperature, spent by
    `strategy` with `settings`; `held_out_samples` of each held-out problem, instruction and temperature measure a
    sampler, always in parallel. Problems whose statements share `near` of their word triples with a held-out one, or
    more, are never learnt from. `run_seconds` is the wall time that one run may take, None for no limit.

    A training learns from what `basis` says is worth it, at most `per_problem` traces of one problem, those whose
    model was given the answer only where `hinted`, of the generations that `replay` names. `trainer` is its key,
    `parameters` are all of its parameters, and it begins from the first sampler (`from_first`) or from the champion.

    A challenger becomes the champion where the `test` says so at `level`. `control`: beside each training another one
    learns from as many traces of the same runs, right or wrong. `people`: the traces wait for reviewers first.
    """

    training_problems: Sequence[int]
    held_out_problems: Sequence[int]
    held_out_set: int
    instructions: Sequence[int]
    temperatures: Sequence[float] = (1.0,)
    samples_each: int = 8
    strategy: str = "parallel"
    settings: Mapping[str, int] = field(default_factory=dict)
    held_out_samples: int = 8
    run_seconds: int | None = None
    basis: Basis = Basis.TRUTH
    per_problem: int = 8
    hinted: bool = False
    near: float = NEAR
    replay: Replay = Replay.ALL
    trainer: str = SYMBOLIC_TRAINER
    parameters: Mapping[str, JSON] = field(default_factory=dict)
    from_first: bool = True
    test: GateTest = GateTest.MCNEMAR
    level: float = 0.05
    generations: int = 2
    control: bool = True
    people: bool = False

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """The plan as it was kept."""
        known: dict[str, Any] = {each.name: kept[each.name] for each in fields(cls) if each.name in kept}
        words: dict[str, type[StrEnum]] = {"basis": Basis, "replay": Replay, "test": GateTest}
        known |= {name: word(known[name]) for name, word in words.items() if name in known}
        return cls(**known)

    def to_json(self) -> dict[str, JSON]:
        """The form that is kept."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def check(self) -> None:
        """Raise Fault, with the field, for numbers that no campaign can be made of."""
        for name, title, least, most in (
            ("generations", "Generations", 1, MOST_GENERATIONS),
            ("per_problem", "Traces of one problem", 1, MOST_PER_PROBLEM),
        ):
            found = getattr(self, name)
            if not least <= found <= most:
                raise Fault(f"{title}: found {found:,}, expected {least} to {most:,}.", field=name)
        if not 0.1 <= self.near <= 1:
            raise Fault(f"Alike from: found {self.near:g}, expected 0.1 to 1.", field="near")
        if not LEVELS[0] <= self.level <= LEVELS[1]:
            expected = f"expected {LEVELS[0]:g} to {LEVELS[1]:g}"
            raise Fault(f"Level of the gate: found {self.level:g}, {expected}.", field="level")
        if self.run_seconds is not None and self.run_seconds < 1:
            raise Fault(
                f"Minutes for each run: found {self.run_seconds} s, expected 1 s or more, or none.", field="run_minutes"
            )
        if self.basis in (Basis.PEOPLE, Basis.BOTH) and not self.people:
            raise Fault("People review first: found no, expected yes where people must accept a trace.", field="people")

    def release_rule(self, runs: Sequence[int]) -> Rule:
        """What a training learns from: the traces of these runs that the basis takes, none of what is held out."""
        return Rule(
            source=Source(runs=tuple(sorted(runs))),
            reviews=Reviews(accepted_by=1 if self.basis in (Basis.PEOPLE, Basis.BOTH) else 0),
            verdicts=_VERDICTS[self.basis],
            hinted="too" if self.hinted else "none",
            decontamination=self._held_out,
            sameness=Sameness(texts=True, programs=True),
            per_problem=self.per_problem,
        )

    def control_rule(self, runs: Sequence[int], count: int) -> Rule:
        """What the control learns from: as many traces of the same runs, whatever came of them. Of every problem its
        first trace is taken before any second one."""
        return Rule(
            source=Source(runs=tuple(sorted(runs))),
            reviews=Reviews(accepted_by=0),
            hinted="too" if self.hinted else "none",
            decontamination=self._held_out,
            sameness=Sameness(texts=True, programs=True),
            balance=Balance(by="problem_set", most=count),
        )

    @property
    def _held_out(self) -> Decontamination:
        return Decontamination(problem_sets=(self.held_out_set,), near=self.near)


_VERDICTS: Mapping[Basis, Verdicts] = {
    Basis.TRUTH: Verdicts(correctness=(Outcome.PASS.value,)),
    Basis.PEOPLE: Verdicts(),
    Basis.BOTH: Verdicts(correctness=(Outcome.PASS.value,)),
    Basis.CONSENSUS: Verdicts(required={"consensus": (Outcome.PASS.value,)}),
}
