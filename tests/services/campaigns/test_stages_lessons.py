"""What enters the trainings of both arms: growing steps, replay, seeds and hindsight, and what is refused."""

import uuid
from collections import Counter
from dataclasses import replace

import pytest

from tests import campaigns, factories
from tests.campaigns import CoachingTrainer, begin, finish, two_sets
from tests.trainings import make_release
from trajectories.adapters.training import TRAINERS
from trajectories.adapters.training.base import Parameter, ParameterKind
from trajectories.core.campaigns.plans import ControlOf, ReplaySource
from trajectories.core.faults import Fault
from trajectories.models import Campaign, Problem, Training
from trajectories.services.releases.freezing import freeze_accepted

pytestmark = pytest.mark.django_db


class MarkingTrainer(CoachingTrainer):
    """The coach, with steps to count and a method; it keeps where each lesson came from."""

    parameters = (
        *CoachingTrainer.parameters,
        Parameter("steps", "Steps", ParameterKind.WHOLE, 0, least=0, most=100),
        Parameter("method", "Method", ParameterKind.TEXT, "sft"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[dict] = []

    def train(self, task, report):
        lessons = list(task.lessons)
        self.seen.append(
            {
                "steps": task.parameters["steps"],
                "origins": Counter(lesson.origin for lesson in lessons),
                "lessons": lessons,
            }
        )
        made = super().train(task, report)
        steps = task.parameters["steps"] or 10 * len(lessons)  # ten epochs
        return replace(made, facts={"steps": steps})


@pytest.fixture
def marking(monkeypatch):
    trainer = MarkingTrainer()
    monkeypatch.setitem(TRAINERS, trainer.key, trainer)
    return trainer


def test_steps_grow_and_earlier_generations_are_replayed_as_a_share(lead, marking):
    plan = {"parameters": {"steps": 40}, "steps_growth": 1.2, "replay": ReplaySource.SHARE, "replay_percent": 50.0}
    campaign = finish(begin(lead, control=False, **plan))
    assert (campaign.state, campaign.state_reason) == ("finished", "")
    first, second = marking.seen
    assert (first["steps"], second["steps"]) == (40, 48)
    assert first["origins"].keys() == {"sampled"}
    fresh, old = second["origins"]["sampled"], second["origins"]["replayed"]
    assert 0 < old <= fresh
    row = campaign.generations.get(number=2, arm="champion")
    assert {item.trace.run_id for item in row.release.items.all()} == {row.run_id}, "the newest generation alone"
    assert row.training.rule["replay_of"] == [campaign.generations.get(number=1).release_id]


def test_wrong_programs_are_relabelled_for_the_training_and_never_into_a_held_out_task(lead, marking, monkeypatch):
    monkeypatch.setattr(campaigns, "WRONG_PROGRAM", "def transform(grid):\n    return grid[::-1]\n")
    sets = two_sets()
    spoilt = Problem.objects.filter(problem_set=sets[0]).first()
    turned = [{"input": pair["input"], "output": pair["input"][::-1]} for pair in spoilt.spec["train"]]
    spec = {**spoilt.spec, "train": turned}
    factories.make_problem(problem_set=sets[1], split="eval", spec=spec, reference=[[[1, 2]]], content_hash="f" * 64)
    campaign = begin(lead, sets=sets, relabel=2, generations=1)
    finish(campaign)
    assert (campaign.state, campaign.state_reason) == ("finished", "")
    row = campaign.generations.get(number=1, arm="champion")
    outcomes = {item.trace.correctness for item in row.release.items.all()}
    assert outcomes == {"pass", "fail"}, "the release holds both, and the training chooses"
    learnt, control = marking.seen
    made = [lesson for lesson in learnt["lessons"] if lesson.origin == "relabelled"]
    line = next(line for line in row.training.funnel if line["clause"] == "relabelled")
    assert line["added"] == len(made)
    assert made
    assert "made a task like a held-out one" in line["note"]
    assert spoilt.name not in {lesson.item.meta["written_for"]["problem"] for lesson in made}
    assert all(lesson.is_correct for lesson in learnt["lessons"])
    for lesson in made:
        assert lesson.item.meta["written_for"]["problem_hash"] != lesson.item.problem_hash
    assert len(control["lessons"]) == len(learnt["lessons"]), "the control learns from as many"
    assert "relabelled" not in control["origins"]


def test_a_control_of_seeds_learns_from_them_alone_and_the_challenger_from_them_as_well(lead, marking, curator):
    seeds = make_release(3)
    plan = {"seed_release": seeds.pk, "control_of": ControlOf.SEEDS, "generations": 1}
    campaign = finish(begin(lead, **plan))
    assert (campaign.state, campaign.state_reason) == ("finished", "")
    learnt, control = sorted(marking.seen, key=lambda seen: -len(seen["lessons"]))
    assert learnt["origins"]["seed"] == 3
    assert learnt["origins"]["sampled"] > 0
    assert control["origins"] == {"sampled": 3}
    row = campaign.generations.get(number=1, arm="control")
    assert (row.release, row.freezing) == (seeds, None)


def test_where_a_trainer_goes_by_epochs_the_control_makes_as_many_steps_as_the_challenger_made(lead, marking):
    plan = {"seed_release": make_release(3).pk, "control_of": ControlOf.SEEDS, "generations": 1}
    campaign = finish(begin(lead, **plan))
    assert (campaign.state, campaign.state_reason) == ("finished", "")
    learnt, control = marking.seen
    assert len(control["lessons"]) == 3 < len(learnt["lessons"])
    assert control["steps"] == 10 * len(learnt["lessons"])
    steps = {training.facts["steps"] for training in Training.objects.all()}
    assert steps == {control["steps"]}


def test_what_cannot_be_learnt_from_is_refused_before_anything_begins(lead, marking):
    sets = two_sets()
    held_out = Problem.objects.filter(problem_set=sets[1]).first()
    trace = factories.make_trace(problem=held_out, correctness="pass", decision="accepted")
    factories.make_review(trace=trace, reviewer=lead)
    spoilt = freeze_accepted(actor=lead, title="Spoilt", key=uuid.uuid4())
    for values, field, words in (
        ({"parameters": {"method": "dpo"}}, "take", "which DPO learns to tell apart"),
        ({"parameters": {"steps": 90}, "steps_growth": 1.2}, "steps_growth", "In generation 2: Steps: found 108"),
        ({"seed_release": 10**6}, "seed_release", "expected one with rows"),
        ({"seed_release": spoilt.pk}, "seed_release", "holds 1 problems that are held out"),
    ):
        with pytest.raises(Fault) as refused:
            begin(lead, sets=sets, **values)
        assert (refused.value.field, words in str(refused.value)) == (field, True), str(refused.value)
    assert not Campaign.objects.exists()
    assert begin(lead, sets=sets, parameters={"method": "dpo"}, take="uniform").state == "queued"
