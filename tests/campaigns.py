"""Small campaigns for tests: tasks that mirror rows, a sampler of a given skill, and a trainer that adds to it."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests import factories
from tests.samplers import WRONG_PROGRAM, MirrorSampler, mirror_result
from trajectories.adapters.training.base import Parameter, ParameterKind, TrainerError, TrainingResult
from trajectories.core.campaigns.gates import GateTest, decide
from trajectories.core.campaigns.measures import Outcomes, measure
from trajectories.core.campaigns.plans import CampaignPlan
from trajectories.core.identity import content_hash, derive_seed
from trajectories.core.samplers import SAMPLERS
from trajectories.core.verifiers import VERIFIERS
from trajectories.models import Campaign, Freezing, Generation, Problem, ProblemSet, Release, Run, Training
from trajectories.services.campaigns.advancing import campaign_next
from trajectories.services.campaigns.plans import Draft, plan_campaign
from trajectories.services.releases.freezing import freeze_accepted, freeze_next
from trajectories.services.runs.embedded_sampling import sample_next_batch
from trajectories.services.scorers.scoring import score_next
from trajectories.services.training.work import train_next
from trajectories.services.verification.queue import verify_traces
from trajectories.services.verification.reverifications import reverify_next

SKILLED = "skilled"


class SkilledSampler(MirrorSampler):
    """Right in `skill` percent of all (problem, ordinal), and those of a lesser skill are among them."""

    name = SKILLED

    def taught(self, artefact: bytes) -> "SkilledSampler":
        return self

    def sample(self, requests):
        for position, request in enumerate(requests):
            lot = derive_seed(request.problem.content_hash, request.ordinal) % 100
            said = f"Sample {request.ordinal} of {request.seed} for {request.problem.name}."
            if lot < request.parameters["skill"]:
                program = f"{request.parameters['skill']} + {request.ordinal}"
                yield position, mirror_result(request, reasoning=said, program=_program(program))
            else:
                yield position, mirror_result(request, reasoning=said, program=WRONG_PROGRAM, answer=[[[0]]])


def _program(said: str) -> str:
    """A program that mirrors rows, and differs from others by more than its names."""
    return f"def transform(grid):\n    {said}\n    return [row[::-1] for row in grid]\n"


class CoachingTrainer:
    """Adds `gain` to the skill of a sampler where every lesson was right, and nothing where one was not."""

    key, label, summary = "coach", "Coach", "Adds to the skill of a sampler."
    parameters = (Parameter("gain", "Gain", ParameterKind.WHOLE, 40, least=0, most=100),)
    base_kinds = (SKILLED,)

    def __init__(self) -> None:
        self.lessons: list[list[int]] = []

    def missing(self) -> str:
        return ""

    def check(self, parameters, base) -> None:
        pass

    def train(self, task, report) -> TrainingResult:
        lessons = list(task.lessons)
        self.lessons.append([lesson.trace_id for lesson in lessons])
        gain = task.parameters["gain"] if all(lesson.is_correct for lesson in lessons) else 0
        file: Path = task.folder / "learnt.json"
        file.write_text(f"{{{gain}: {len(lessons)}}}")
        return TrainingResult(file, "json", SKILLED, {"skill": task.base.parameters["skill"] + gain})


def mirror_task(number: int, **values: Any) -> Problem:
    """A task whose rows are mirrored; no two numbers have a grid in common."""
    lots = random.Random(number)
    grids = [[[lots.randrange(10) for _ in range(5)] for _ in range(4)] for _ in range(3)]
    pairs = [{"input": grid, "output": [row[::-1] for row in grid]} for grid in grids]
    fields = {
        "spec": {"train": pairs[:2], "test": [{"input": pairs[2]["input"]}]},
        "reference": [pairs[2]["output"]],
        "content_hash": content_hash(["mirror", number]),
        **values,
    }
    return factories.make_problem(**fields)


def two_sets(training: int = 4, held_out: int = 6, first: int = 0) -> tuple[ProblemSet, ProblemSet]:
    """A training set and a held-out set of mirror tasks, numbered from `first` and from a thousand after it."""
    sets = factories.make_problem_set(title="Training"), factories.make_problem_set(title="Held out")
    for number in range(training):
        mirror_task(first + number, problem_set=sets[0])
    for number in range(held_out):
        family = "even" if number % 2 == 0 else "odd"
        mirror_task(first + 1_000 + number, problem_set=sets[1], split="eval", family=family)
    return sets


def draft(sets: tuple[ProblemSet, ProblemSet] | None = None, **values: Any) -> Draft:
    """A campaign of two generations that the coach trains; values of the plan and of the draft may be given."""
    training_set, held_out_set = sets or two_sets()
    of_plan = CampaignPlan.__dataclass_fields__.keys() - Draft.__dataclass_fields__.keys()
    mine = {name: values.pop(name) for name in list(values) if name in of_plan}
    plan = CampaignPlan(
        training_problems=(),
        held_out_problems=(),
        held_out_set=held_out_set.pk,
        instructions=(),
        samples_each=4,
        held_out_samples=4,
        trainer=CoachingTrainer.key,
    )
    fields = {
        "title": "A campaign",
        "training_set": training_set,
        "held_out_set": held_out_set,
        "instructions": [factories.make_instruction(problem_kind="arc")],
        "seed": 7,
        **values,
    }
    fields.setdefault("sampler", factories.make_sampler(kind=SKILLED, parameters={"skill": 30}))
    return Draft(plan=replace(plan, **mine), **fields)


def begin(actor: Any = None, **values: Any) -> Campaign:
    """A queued campaign."""
    return plan_campaign(actor=actor, draft=draft(**values))


def work(campaign: Campaign) -> None:
    """What workers do once: everything that waits is worked on, and then the campaign is looked at."""
    for run in Run.objects.filter(state__in=Run.ACTIVE_STATES):
        while True:
            report = sample_next_batch(run_id=run.pk, samplers={**SAMPLERS, SKILLED: SkilledSampler})
            verify_traces(trace_ids=report.trace_ids, verifiers=VERIFIERS)
            if not report.more:
                break
    for row in campaign.generations.all():
        for job, act in ((row.freezing_id, freeze_next), (row.training_id, train_next)):
            if job is not None:
                act(job_id=job)
        for judged, act in ((row.reverification_id, reverify_next), (row.scoring_id, score_next)):
            if judged is not None:
                act(job_id=judged)
    campaign_next(job_id=campaign.pk)
    campaign.refresh_from_db()


def finish(campaign: Campaign, most: int = 40) -> Campaign:
    """Work until the campaign goes on no more by itself."""
    for _ in range(most):
        work(campaign)
        if not campaign.is_active:
            return campaign
    raise AssertionError(f"still {campaign.state}: {list(campaign.generations.values('number', 'arm', 'stage'))}")


def stuck_in_training(actor: Any, trainer: Any, monkeypatch: Any) -> tuple[Campaign, Training]:
    """A campaign that its first training has paused, which has failed, and that training."""

    def fail(task: Any, report: Any) -> None:
        raise TrainerError("The loss was nan at step 3.")

    campaign = begin(actor, generations=1, control=False)
    with monkeypatch.context() as patched:
        patched.setattr(trainer, "train", fail)
        finish(campaign)
    return campaign, Training.objects.get()


def measured_campaign(actor: Any, run: Run, release: Release, **values: Any) -> Campaign:
    """A finished campaign of one generation with its control, measured on a run that is there; nothing is worked on."""
    problem = run.attempts.order_by("pk").first().problem
    held_out, first = factories.make_problem_set(title="Held out"), factories.make_sampler(title="First")
    plan = CampaignPlan([problem.pk], [problem.pk], held_out.pk, [run.attempts.first().instruction_id], generations=1)
    fields = {
        "title": "The campaign",
        "training_set": problem.problem_set,
        "held_out_set": held_out,
        "first_sampler": first,
        "plan": plan.to_json(),
        "seed": 7,
        "state": "finished",
        "generation_count": 1,
        "done_count": 1,
        "created_by": actor,
        **values,
    }
    better = factories.make_sampler(title="Better", parent=first)
    campaign = Campaign.objects.create(champion=better, **fields)
    told = (("champion", 0, first, 1), ("champion", 1, better, 3), ("control", 1, factories.make_sampler(), 0))
    measured = [
        measure([Outcomes(problem.pk, "mirror", 4, right, (4 - right, right), right)], failed=0) for *_, right in told
    ]
    for (arm, number, sampler, _), found in zip(told, measured, strict=True):
        Generation.objects.create(
            campaign=campaign, number=number, arm=arm, stage="done", sampler=sampler, evaluation=run,
            run=run if arm == "champion" and number else None, release=release if number else None,
            freezing=Freezing.objects.filter(release=release).first() if number else None, measured=found.as_json(),
            training=Training.objects.create(title="A training", release=release, trainer="embedded", state="finished")
            if number else None,
        )  # fmt: skip
    said = decide(measured[0].tried, measured[1].tried, test=GateTest.MCNEMAR, level=0.05)
    campaign.generations.filter(number=1, arm="champion").update(decision={**said.as_json(), "champion": 0})
    return campaign


def learnt_campaign(lead: Any, curator: Any) -> Campaign:
    """The same, of a release of one right trace that a curator accepted."""
    run = factories.plan(title="The evaluation")
    trace = factories.make_trace(decision="accepted", correctness="pass")
    factories.make_review(trace=trace, reviewer=curator)
    release = freeze_accepted(actor=lead, title="Learnt from", key="6b1ff0b6-7f8a-4d3c-9a58-0a0a0a0a0a0a")
    return measured_campaign(lead, run, release)
