"""No held-out problem reaches a file that is trained on: canaries of every kind are planted in every way in, and the
bytes of what each trainer writes are looked through."""

import itertools
import random
import uuid
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests import factories
from tests.campaigns import begin, mirror_task
from tests.services.campaigns.test_held_out import KINDS, canary
from trajectories.adapters.training import TRAINERS
from trajectories.adapters.training.base import Task, read_parameters
from trajectories.adapters.training.rows import KTO, SFT, data_files, write_data
from trajectories.core.campaigns.plans import CampaignPlan, ReplaySource
from trajectories.core.faults import Fault
from trajectories.core.learning.rules import CORRECT, UNIFORM
from trajectories.core.releases.rules import Decontamination
from trajectories.core.verifiers.evidence import PairEvidence, PairsEvidence
from trajectories.models import Campaign, Problem, ProblemSet, Release, Run, Training
from trajectories.services.endpoints.artefacts import artefact_file
from trajectories.services.releases.freezing import Order, freeze_next, plan_freezing
from trajectories.services.training.lessons import choose_lessons
from trajectories.services.training.planning import start_training
from trajectories.services.training.work import train_next

pytestmark = pytest.mark.django_db

ITSELF = "itself"
RUN, REPLAY, SEED, HINDSIGHT = "run", "replay", "seed", "hindsight"
HONEST, CANARY = "honest-5d41c8", "canary-93e0b7"
"""What stands in the texts and programs of traces that may be learnt from, and of those that may not."""
NUMBERS = itertools.count(2_000_000)


class Report:
    """See base.Report: nobody listens."""

    def progress(self, *_) -> None: ...

    def point(self, *_, **__) -> None: ...

    def note(self, *_) -> None: ...

    def check(self) -> None: ...


@dataclass
class World:
    """A training set, a held-out set, and what a campaign on them has drawn."""

    lots: random.Random
    training: ProblemSet = field(default_factory=lambda: factories.make_problem_set(title="Training"))
    held_out: ProblemSet = field(default_factory=lambda: factories.make_problem_set(title="Held out"))
    run: Run = field(default_factory=factories.make_run)

    def __post_init__(self) -> None:
        self.asked = self.task(self.held_out, split="eval")
        for _ in range(2):
            self.draw(self.task(self.training), HONEST)

    def task(self, problem_set: ProblemSet, **values: Any) -> Problem:
        """A problem that is like no other of any world."""
        return mirror_task(next(NUMBERS), problem_set=problem_set, **values)

    def like_held_out(self, kind: str) -> Problem:
        """The held-out problem, or a copy of it that is called otherwise."""
        return self.asked if kind == ITSELF else canary(self.asked, self.lots, kind=kind, problem_set=self.training)

    def draw(self, problem: Problem, mark: str, run: Run | None = None) -> None:
        """A right trace of a problem and a wrong one, both with a mark."""
        for correctness in ("pass", "fail"):
            trace = factories.make_trace(
                run=run or self.run, problem=problem, correctness=correctness,
                reasoning=f"{mark}: it is so, {problem.pk} {correctness}.",
                program=f"def transform(grid):\n    return grid[::-1]  # {mark} {problem.pk} {correctness}\n",
            )  # fmt: skip
            factories.make_verdict(trace=trace, outcome=correctness)

    def draw_in_hindsight(self, kind: str) -> None:
        """A wrong program for a training problem, which gives what a held-out one asks for: the same inputs, and other
        outputs than were wanted there."""
        like = self.like_held_out(kind)
        pairs = like.spec["train"]
        other = [{"input": pair["input"], "output": pair["input"][::-1]} for pair in pairs]
        tests = like.spec["test"]
        problem = factories.make_problem(
            spec={"train": other, "test": tests},
            reference=[each["input"][::-1] for each in tests],
            problem_set=self.training,
        )
        trace = factories.make_trace(
            run=self.run, problem=problem, correctness="fail", reasoning="It may be so.",
            program=f"def transform(grid):\n    return [row[::-1] for row in grid]  # {CANARY}\n",
        )  # fmt: skip
        factories.make_verdict(trace=trace, outcome="fail")
        told = [PairEvidence(place, "ok", predicted=pair["output"]) for place, pair in enumerate(pairs)]
        factories.make_verdict(
            trace=trace, verifier="arc_train", outcome="fail", score=0.0, evidence=PairsEvidence(told, 0).to_json()
        )

    def plan(self, path: str, method: str) -> CampaignPlan:
        takes = UNIFORM if method == KTO else CORRECT
        return CampaignPlan(
            training_problems=(), held_out_problems=(), held_out_set=self.held_out.pk, instructions=(), samples_each=4,
            take=takes, relabel=5 if path == HINDSIGHT else 0, per_problem=10,
            replay=ReplaySource.SHARE if path == REPLAY else ReplaySource.NEWEST, replay_percent=50.0,
        )  # fmt: skip

    def freeze(self, plan: CampaignPlan, run: Run, *, is_open: bool) -> Release:
        """The release of a generation; where it `is_open`, as if its rule let held-out problems through."""
        rule = plan.release_rule([run.pk])
        rule = replace(rule, decontamination=Decontamination()) if is_open else rule
        job = plan_freezing(actor=None, order=Order("A generation", rule), key=uuid.uuid4())
        freeze_next(job_id=job.pk)
        job.refresh_from_db()
        assert job.release is not None, job.reason
        return job.release


def learn(world: World, path: str, kind: str, method: str, *, is_open: bool = False) -> Training:
    """Plant canaries, and ask for the training that a campaign's generation would ask for."""
    earlier, plan = [], world.plan(path, method)
    if path == REPLAY:
        before = factories.make_run()
        world.draw(world.task(world.training), HONEST, before)
        world.draw(world.like_held_out(kind), CANARY, before)
        earlier = [world.freeze(plan, before, is_open=is_open).pk]
    elif path == HINDSIGHT:
        world.draw_in_hindsight(kind)
    else:
        world.draw(world.like_held_out(kind), CANARY)
    release = world.freeze(plan, world.run, is_open=is_open)
    return start_training(
        by=None, release=release, trainer="package", parameters={"model": "small", "method": method}, base=None,
        rule=plan.training_rule(earlier).as_json(),
    )  # fmt: skip


def packed(training: Training) -> bytes:
    """Every byte of the package for another machine."""
    train_next(job_id=training.pk)
    training.refresh_from_db()
    assert training.artefact is not None, training.reason
    file = artefact_file(training.artefact)
    with zipfile.ZipFile(file) as archive:
        return file.read_bytes() + b"".join(archive.read(name) for name in archive.namelist())


def written(training: Training, folder: Path) -> bytes:
    """Every byte that the tuning with trl would read."""
    own = read_parameters(TRAINERS["trl"].parameters, {"method": training.parameters["method"]})
    lessons, _ = choose_lessons(training, Report())
    folder.mkdir()
    write_data(Task(lessons, own, None, folder, training.seed), Report())
    assert {path.name for path in folder.iterdir()} == {path.name for path in data_files(folder)}
    return b"".join(path.read_bytes() for path in folder.iterdir())


def files_of(training: Training, trainer: str, folder: Path) -> bytes:
    return packed(training) if trainer == "package" else written(training, folder / uuid.uuid4().hex)


@pytest.fixture(autouse=True)
def _folders(settings, tmp_path):
    settings.TRAINING_DIR, settings.ARTEFACT_DIR = tmp_path / "training", tmp_path / "artefacts"


@settings(
    max_examples=16, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.reuse, Phase.generate],
)  # fmt: skip
@given(
    path=st.sampled_from((RUN, REPLAY, HINDSIGHT)),
    kind=st.sampled_from((ITSELF, *KINDS)),
    trainer=st.sampled_from(("package", "trl")),
    method=st.sampled_from((SFT, KTO)),
    seed=st.integers(0, 2**32),
)
def test_no_byte_of_a_held_out_problem_is_in_what_a_trainer_writes(tmp_path, path, kind, trainer, method, seed):
    if path == HINDSIGHT:  # the wrong trace itself may enter by other methods, as what it is: one of its own problem
        method = SFT
    found = files_of(learn(World(random.Random(f"{seed} {next(NUMBERS)}")), path, kind, method), trainer, tmp_path)
    assert HONEST.encode() in found
    assert CANARY.encode() not in found, (path, kind, trainer, method)


@pytest.mark.parametrize("path", [RUN, REPLAY, HINDSIGHT])
@pytest.mark.parametrize("trainer", ["package", "trl"])
def test_a_canary_that_is_let_through_would_be_found(tmp_path, path, trainer):
    found = files_of(learn(World(random.Random(1)), path, "copy", SFT, is_open=True), trainer, tmp_path)
    assert HONEST.encode() in found
    assert CANARY.encode() in found


@pytest.mark.parametrize("kind", [ITSELF, *KINDS])
def test_seed_traces_that_hold_a_held_out_problem_begin_no_campaign_and_so_no_file(lead, kind):
    world = World(random.Random(2))
    run = factories.make_run()
    world.draw(world.like_held_out(kind), CANARY, run)
    seeds = world.freeze(world.plan(RUN, SFT), run, is_open=True)
    Problem.objects.filter(traces__run=run).exclude(problem_set=world.held_out).update(
        problem_set=factories.make_problem_set(title="Elsewhere")
    )
    with pytest.raises(Fault, match=r"^Seed traces: 'A generation' holds 1 problems that are held out") as refusal:
        begin(lead, sets=(world.training, world.held_out), seed_release=seeds.pk)
    assert refusal.value.field == "seed_release"
    assert not Campaign.objects.exists()
    assert not Training.objects.exists()
