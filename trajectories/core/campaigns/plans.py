"""The plan of a campaign: what each generation samples, what it learns from, and how it is measured."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, Self

from trajectories.core.campaigns.gates import GateTest
from trajectories.core.faults import Fault
from trajectories.core.records import JSON, Outcome
from trajectories.core.releases.rules import Balance, Decontamination, Reviews, Rule, Sameness, Source, Verdicts
from trajectories.core.strategies.memories import NO_MEMORY, Memory

NEAR = 0.8
"""Statements whose word triples share so much (Jaccard) count as one problem on both sides."""

LEAST_SCORE = 0.8
"""How likely right a trace has to be that is learnt from by a scorer's word."""

OPENS_AT = 0.5
"""The share of right samples on held-out problems from which on a family counts as solved."""

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
    SCORER = "scorer"


BASES: Mapping[Basis, str] = {
    Basis.TRUTH: "Right by its verifiers, and rejected by nobody",
    Basis.PEOPLE: "Accepted by people, whatever verifiers found",
    Basis.BOTH: "Right by its verifiers and accepted by people",
    Basis.CONSENSUS: "Agrees with the majority of its problem's samples, and rejected by nobody",
    Basis.SCORER: "Likely right by a learned scorer, and rejected by nobody",
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

    Where the basis is a consensus, `least_votes` is the least share of its problem's answers that a trace's answer must
    have, None for any majority; where it is a learned scorer, `scorer` is its id, `verifier` the name of its verdicts
    and `least_score` the least that they must say.

    `memory` is what prompts are shown of what the campaign itself has drawn so far of training problems. With a
    `curriculum` a family of problems is sampled once each of its `prerequisites` has `opens_at` of its held-out samples
    right; the samples of families that are closed are drawn of those that are open.
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
    least_votes: float | None = None
    scorer: int | None = None
    verifier: str = ""
    least_score: float = LEAST_SCORE
    memory: Memory = NO_MEMORY
    curriculum: bool = False
    opens_at: float = OPENS_AT
    prerequisites: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """The plan as it was kept."""
        known: dict[str, Any] = {each.name: kept[each.name] for each in fields(cls) if each.name in kept}
        words: dict[str, type[StrEnum]] = {"basis": Basis, "replay": Replay, "test": GateTest}
        known |= {name: word(known[name]) for name, word in words.items() if name in known}
        known |= {"memory": Memory.from_json(known["memory"])} if "memory" in known else {}
        return cls(**known)

    def to_json(self) -> dict[str, JSON]:
        """The form that is kept."""
        kept = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}
        kept["prerequisites"] = {family: list(names) for family, names in self.prerequisites.items()}
        return kept | {"memory": self.memory.to_json()}

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
        if not 0 < self.opens_at <= 1:
            raise Fault(f"Opens at: found {self.opens_at:g}, expected more than 0, at most 1.", field="opens_at")
        if self.memory and self.memory.release is not None:
            raise Fault(
                f"Memory: found release {self.memory.release}, expected what the campaign draws itself.",
                field="memory_from",
            )
        self._check_basis()

    def _check_basis(self) -> None:
        """Raise Fault for what the basis lacks, or for a share that is none."""
        for name, title in (("least_votes", "Least share of votes"), ("least_score", "Least score")):
            found = getattr(self, name)
            if found is not None and not 0 < found <= 1:
                raise Fault(f"{title}: found {found:g}, expected more than 0, at most 1.", field=name)
        if self.basis is Basis.SCORER and self.scorer is None:
            raise Fault("Learned scorer: found none, expected the one that says what is likely right.", field="scorer")
        if self.basis in (Basis.PEOPLE, Basis.BOTH) and not self.people:
            raise Fault("People review first: found no, expected yes where people must accept a trace.", field="people")

    def release_rule(self, runs: Sequence[int]) -> Rule:
        """What a training learns from: the traces of these runs that the basis takes, none of what is held out."""
        return Rule(
            source=Source(runs=tuple(sorted(runs))),
            reviews=Reviews(accepted_by=1 if self.basis in (Basis.PEOPLE, Basis.BOTH) else 0),
            verdicts=self._verdicts,
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
    def _verdicts(self) -> Verdicts:
        """What verifiers must have said of a trace."""
        if self.basis is Basis.CONSENSUS:
            return Verdicts(required={"consensus": (Outcome.PASS.value,)}, least_votes=self.least_votes)
        if self.basis is Basis.SCORER:
            return Verdicts(least_scores={self.verifier: self.least_score})
        return Verdicts() if self.basis is Basis.PEOPLE else Verdicts(correctness=(Outcome.PASS.value,))

    @property
    def _held_out(self) -> Decontamination:
        return Decontamination(problem_sets=(self.held_out_set,), near=self.near)
