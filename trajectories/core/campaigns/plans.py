"""The plan of a campaign: what each generation samples, what it learns from, and how it is measured."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, Self

from trajectories.core.campaigns.gates import GateTest
from trajectories.core.faults import Fault
from trajectories.core.learning.rules import CORRECT, UNIFORM, TrainingRule
from trajectories.core.records import JSON, Outcome
from trajectories.core.releases.rules import Balance, Decontamination, Reviews, Rule, Sameness, Source, Verdicts
from trajectories.core.strategies.memories import NO_MEMORY, Memory

NEAR = 0.8
"""Statements whose word triples share so much (Jaccard) count as one problem on both sides."""

LEAST_SCORE = 0.8
"""The least chance, by a learned scorer, that a trace is right which is learnt from without a verdict."""

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


NOTHING_RIGHT: Mapping[Basis, str] = {
    Basis.TRUTH: "no sample that may be learnt from is right by its verifiers.",
    Basis.PEOPLE: "people accepted no sample that may be learnt from.",
    Basis.BOTH: "no sample that may be learnt from is right by its verifiers and accepted by people.",
    Basis.CONSENSUS: "no answer that may be learnt from has the majority that is asked for.",
    Basis.SCORER: "no sample that may be learnt from has the least score that is asked for.",
}
"""What is said of a generation without anything to learn from."""


class ReplaySource(StrEnum):
    """Which generations' traces a training learns from."""

    ALL = "all"
    NEWEST = "newest"
    SHARE = "share"


REPLAYS: Mapping[ReplaySource, str] = {
    ReplaySource.ALL: "All generations so far",
    ReplaySource.NEWEST: "The newest generation alone",
    ReplaySource.SHARE: "The newest, and earlier ones as the share below",
}


class ControlOf(StrEnum):
    """What the control arm learns from."""

    RUNS = "runs"
    SEEDS = "seeds"


CONTROLS: Mapping[ControlOf, str] = {
    ControlOf.RUNS: "As many traces of the same runs, right or wrong",
    ControlOf.SEEDS: "The seed traces alone, for as many steps",
}
"""What each control learns from, in words."""

SYMBOLIC_TRAINER = "embedded"
STEPS, BEGIN_FROM, AS_IT_IS = "steps", "begin_from", "base"
"""Parameters of trainers that a campaign sets by itself: how many steps, and that a base is taken as it is, since the
campaign says which one that is."""

MOST_GROWTH = 10.0
MOST_SHARE = 90.0


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """What a campaign was planned as. Problems, instructions and problem sets are named by their ids.

    Every generation draws `samples_each` samples of each training problem, instruction and temperature, spent by
    `strategy` with `settings`; `held_out_samples` of each held-out problem, instruction and temperature measure a
    sampler, always in parallel. Problems whose statements share `near` of their word triples with a held-out one, or
    more, are never learnt from, nor are the `passed_over` problems of the training set that are of the evaluation side:
    they are not sampled. `run_seconds` is the wall time that one run may take, None for no limit.

    A training learns from what `basis` says is worth it, at most `per_problem` traces of one problem, those whose
    model was given the answer only where `hinted`, of the generations that `replay` names. `trainer` is its key,
    `parameters` are all of its parameters, and it begins from the first sampler (`from_first`) or from the champion.

    `take` says which of them enter (core.learning.rules.TAKES): where right and wrong ones do, the release holds both.
    `relabel` wrong ARC programs of a problem enter as right ones of the task that their outputs define. With
    Replay.SHARE, earlier generations make up `replay_percent` of a training. `seed_release` is a release that every
    training learns from as well, whole; None for none. Where the trainer has steps, they grow by the factor
    `steps_growth` from one generation to the next.

    A challenger becomes the champion where the `test` says so at `level`. `control`: beside each training another one
    learns from what `control_of` says. `people`: the traces wait for reviewers first, in a queue
    with `reviews_each` reviews for each trace and these `guidelines`; `reviewers` are the people who may work on it,
    nobody for everybody who may review.

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
    replay: ReplaySource = ReplaySource.ALL
    trainer: str = SYMBOLIC_TRAINER
    parameters: Mapping[str, JSON] = field(default_factory=dict)
    from_first: bool = True
    test: GateTest = GateTest.MCNEMAR
    level: float = 0.05
    generations: int = 2
    control: bool = True
    people: bool = False
    take: str = CORRECT
    relabel: int = 0
    replay_percent: float = 20.0
    seed_release: int | None = None
    steps_growth: float = 1.0
    control_of: ControlOf = ControlOf.RUNS
    least_votes: float | None = None
    scorer: int | None = None
    verifier: str = ""
    least_score: float = LEAST_SCORE
    memory: Memory = NO_MEMORY
    curriculum: bool = False
    opens_at: float = OPENS_AT
    prerequisites: Mapping[str, Sequence[str]] = field(default_factory=dict)
    passed_over: int = 0
    reviewers: Sequence[int] = ()
    reviews_each: int = 1
    guidelines: str = ""

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """The plan as it was kept."""
        known: dict[str, Any] = {each.name: kept[each.name] for each in fields(cls) if each.name in kept}
        words: dict[str, type[StrEnum]] = {
            "basis": Basis,
            "replay": ReplaySource,
            "test": GateTest,
            "control_of": ControlOf,
        }
        known |= {name: word(known[name]) for name, word in words.items() if name in known}
        known |= {"memory": Memory.from_json(known["memory"])} if "memory" in known else {}
        known |= {"reviewers": tuple(known["reviewers"])} if "reviewers" in known else {}
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
        self._check_learning()
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

    def _check_learning(self) -> None:
        """Raise Fault, with the field, for what cannot be learnt from."""
        if self.takes_wrong and self.basis is not Basis.TRUTH:
            name = "take" if self.take != CORRECT else "relabel"
            raise Fault(
                f"Learn from: found {BASES[self.basis].lower()!r}, expected what is right by its verifiers, which "
                "alone say what is wrong; wrong traces are to enter as well.",
                field=name,
            )
        if self.control and self.control_of is ControlOf.SEEDS and self.seed_release is None:
            expected = "expected a release that the control learns from"
            raise Fault(f"Seed traces: found none, {expected}.", field="seed_release")
        for name, title, found, least, most in (
            ("relabel", "Relabelled of one problem", self.relabel, 0, MOST_PER_PROBLEM),
            ("steps_growth", "Growth of the steps", self.steps_growth, 1, MOST_GROWTH),
            ("replay_percent", "Share of earlier generations", self.replay_percent, 0, MOST_SHARE),
        ):
            if not least <= found <= most:
                raise Fault(f"{title}: found {found:g}, expected {least:g} to {most:g}.", field=name)
        steps = self.parameters.get(STEPS)
        if self.steps_growth != 1 and not steps:
            why = "has no steps" if steps is None else "goes by epochs, its steps are 0"
            raise Fault(
                f"Growth of the steps: found {self.steps_growth:g} and a trainer that {why}, expected steps that can "
                "grow.",
                field="steps_growth",
            )

    @property
    def measures_memory(self) -> bool:
        """Whether held-out problems are shown what memory holds. Memory grows from generation to generation: where a
        gate compares samplers, a challenger would be measured with more of it than its champion was."""
        return bool(self.memory) and self.test is GateTest.NONE

    @property
    def takes_wrong(self) -> bool:
        """Whether wrong traces enter a training in any way: then its release holds them too."""
        return self.take != CORRECT or self.relabel > 0

    @property
    def goes_by_epochs(self) -> bool:
        """Whether the trainer counts epochs and not steps: then as many rows need not be as many steps."""
        return self.parameters.get(STEPS) == 0

    def trainer_parameters(self, number: int) -> dict[str, JSON]:
        """The parameters of the training of a generation, from 1."""
        given = dict(self.parameters)
        if self.steps_growth != 1:
            given[STEPS] = round(given[STEPS] * self.steps_growth ** (number - 1))
        return given | ({BEGIN_FROM: AS_IT_IS} if BEGIN_FROM in given else {})

    def training_rule(self, earlier: Sequence[int]) -> TrainingRule:
        """What of its release a training learns from. `earlier` are the releases of the generations before it. What is
        right was chosen by the release's own rule already; where it holds wrong traces too, it is chosen here."""
        seeds = () if self.seed_release is None else (self.seed_release,)
        share = self.replay_percent if self.replay is ReplaySource.SHARE and earlier else 0.0
        rule = TrainingRule(take=UNIFORM, replay=share, replay_of=tuple(earlier) if share else (), seeds=seeds)
        if not self.takes_wrong:
            return rule
        return replace(rule, take=self.take, per_problem=self.per_problem, relabel=self.relabel)

    def release_rule(self, runs: Sequence[int]) -> Rule:
        """What a training learns from: the traces of these runs that the basis takes, none of what is held out."""
        return Rule(
            source=Source(runs=tuple(sorted(runs))),
            reviews=Reviews(accepted_by=1 if self.basis in (Basis.PEOPLE, Basis.BOTH) else 0),
            verdicts=_EITHER if self.takes_wrong else self._verdicts,
            hinted="too" if self.hinted else "none",
            decontamination=self._held_out,
            sameness=Sameness(texts=True, programs=True),
            per_problem=None if self.takes_wrong else self.per_problem,
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
        """Which verdicts a trace must have."""
        if self.basis is Basis.CONSENSUS:
            return Verdicts(required={"consensus": (Outcome.PASS.value,)}, least_votes=self.least_votes)
        if self.basis is Basis.SCORER:
            return Verdicts(least_scores={self.verifier: self.least_score})
        return Verdicts() if self.basis is Basis.PEOPLE else Verdicts(correctness=(Outcome.PASS.value,))

    @property
    def _held_out(self) -> Decontamination:
        return Decontamination(problem_sets=(self.held_out_set,), near=self.near)


_EITHER = Verdicts(correctness=(Outcome.PASS.value, Outcome.FAIL.value))
