"""Templates of campaigns: what is usual for an experiment of a kind, to begin a plan with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trajectories.core.campaigns.gates import GateTest
from trajectories.core.campaigns.plans import OPENS_AT, SYMBOLIC_TRAINER, Basis, ReplaySource
from trajectories.core.learning.rules import GREEDY_DIVERSE
from trajectories.core.strategies.memories import MemorySource

ARC_SETS = ("arc-agi-1-training", "arc-agi-1-evaluation")
ARC_LACK = "Needs the ARC tasks: manage.py import_problems --arc-agi-1 brings them."

SUMS_LACK = "Needs sums in the sets sums-training and sums-held-out."


@dataclass(frozen=True, slots=True)
class SetDraw:
    """What makes a problem set of a template: so many problems of a procedural family, with the knobs named."""

    set_name: str
    family: str
    split: str
    size: int
    """How many problems it draws."""
    knobs: Mapping[str, str]

    @property
    def command(self) -> str:
        """The words after `manage.py` that make it."""
        knobs = "".join(f" --set-knob {name}={value}" for name, value in self.knobs.items())
        return (
            f"import_problems --procedural {self.family} --size {self.size}{knobs} --split {self.split}"
            f" --set {self.set_name}"
        )


SUM_DRAWS = (
    SetDraw("sums-training", "addition", "train", 2000, {"part": "training"}),
    SetDraw("sums-held-out", "addition", "eval", 500, {"part": "held-out"}),
)


@dataclass(frozen=True, slots=True)
class Template:
    """An experiment to begin with.

    `needs_model`: it samples with a language model and trains one. `sets` are the names of the problem sets that it is
    usually made on, training first; none where any two will do. `sets_lack` says in a sentence what is needed where
    they are not there, `draws` what makes them. `is_arc`: only ARC tasks make sense. `values` are the fields of the
    form that differ from what it begins with.
    """

    name: str
    title: str
    summary: str
    source: str
    needs_model: bool
    sets: tuple[str, str] | None = None
    sets_lack: str = ""
    draws: tuple[SetDraw, ...] = ()
    is_arc: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)


_MODEL = {"training_limit": 200, "held_out_limit": 100, "samples_each": 8, "held_out_samples": 16, "generations": 3}

_STAR_STEPS = {"trl_steps": 40, "package_steps": 40, "steps_growth": 1.2}
"""40 steps that grow by a fifth (Zelikman et al. 2022, section 4)."""

EMBEDDED_ARC = Template(
    "embedded-arc",
    "Embedded ARC learner",
    "The symbolic search learns from what it solved in which order to look, and looks again. It runs here, without any"
    " model.",
    "",
    needs_model=False,
    sets=ARC_SETS,
    sets_lack=ARC_LACK,
    is_arc=True,
    values={
        "training_limit": 60,
        "held_out_limit": 60,
        "samples_each": 6,
        "held_out_samples": 4,
        "trainer": SYMBOLIC_TRAINER,
        "search_seconds": 0.5,
        "generations": 2,
    },
)

TEMPLATES: Mapping[str, Template] = {
    template.name: template
    for template in (
        EMBEDDED_ARC,
        Template(
            "rejection-sampling",
            "Rejection sampling",
            "Draw many samples of each problem, keep the right ones that differ, train, repeat.",
            "",
            needs_model=True,
            values={**_MODEL, "basis": Basis.TRUTH, "per_problem": 4},
        ),
        Template(
            "star",
            "STaR",
            "Problems that no sample solves are asked again with the answer as a hint; right ones are kept without it."
            " Every generation begins from the first model and goes on without a gate, as in the paper.",
            "Zelikman et al. 2022, arXiv 2203.14465",
            needs_model=True,
            values={
                **_MODEL,
                **_STAR_STEPS,
                "samples_each": 1,
                "strategy": "rationalise",
                "hinted": True,
                "per_problem": 1,
                "replay": ReplaySource.NEWEST,
                "from_first": True,
                "test": GateTest.NONE,
            },
        ),
        Template(
            "star-without-rationalisation",
            "STaR without rationalisation",
            "STaR with the samples that came without a hint alone: what the hints add is the difference.",
            "Zelikman et al. 2022, arXiv 2203.14465",
            needs_model=True,
            values={
                **_MODEL,
                **_STAR_STEPS,
                "samples_each": 1,
                "per_problem": 1,
                "replay": ReplaySource.NEWEST,
                "from_first": True,
                "test": GateTest.NONE,
            },
        ),
        Template(
            "soar-arc",
            "SOAR-style on ARC",
            "Programs are sampled and revised by their failing pairs. The best and the most different of each task"
            " train the first model anew, and failed ones as right ones of the tasks that their outputs define.",
            "SOAR 2025; Greenblatt 2024",
            needs_model=True,
            sets=ARC_SETS,
            sets_lack=ARC_LACK,
            is_arc=True,
            values={
                **_MODEL,
                "samples_each": 16,
                "strategy": "revise",
                "take": GREEDY_DIVERSE,
                "per_problem": 50,
                "relabel": 25,
                "replay": ReplaySource.ALL,
                "from_first": True,
            },
        ),
        Template(
            "curriculum-arithmetic",
            "Curriculum on arithmetic",
            "Sums of one digit first; those of one digit more open once half of the held-out ones before them come out"
            " right. What is solved trains the next model, and stands in its prompts as examples.",
            "",
            needs_model=True,
            sets=(SUM_DRAWS[0].set_name, SUM_DRAWS[1].set_name),
            sets_lack=SUMS_LACK,
            draws=SUM_DRAWS,
            values={
                **_MODEL,
                "basis": Basis.TRUTH,
                "per_problem": 2,
                "replay": ReplaySource.ALL,
                "from_first": True,
                "curriculum": True,
                "opens_at": OPENS_AT,
                "memory": 2,
                "memory_from": MemorySource.VERIFIERS,
                "generations": 5,
            },
        ),
    )
}
"""By name, the usual one first."""
