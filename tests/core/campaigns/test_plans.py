from dataclasses import replace

import pytest

from trajectories.core.campaigns.gates import GateTest
from trajectories.core.campaigns.measures import Measured, Outcomes, measure
from trajectories.core.campaigns.plans import Basis, CampaignPlan, ControlOf, ReplaySource
from trajectories.core.campaigns.templates import TEMPLATES
from trajectories.core.faults import Fault
from trajectories.core.learning.rules import TrainingRule
from trajectories.core.releases.rules import Rule

PLAN = CampaignPlan(training_problems=[1, 2], held_out_problems=[3], held_out_set=9, instructions=[4])


def test_a_plan_survives_being_kept():
    plan = replace(
        PLAN, basis=Basis.BOTH, replay=ReplaySource.NEWEST, test=GateTest.NONE, temperatures=[0.5], people=True
    )
    assert CampaignPlan.from_json(plan.to_json()) == plan
    assert CampaignPlan.from_json({**plan.to_json(), "later": 1}) == plan


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"generations": 0}, "generations"),
        ({"per_problem": 0}, "per_problem"),
        ({"level": 0.7}, "level"),
        ({"near": 0.0}, "near"),
        ({"run_seconds": 0}, "run_minutes"),
        ({"basis": Basis.PEOPLE}, "people"),
        ({"basis": Basis.CONSENSUS, "take": "uniform"}, "take"),
        ({"basis": Basis.CONSENSUS, "relabel": 2}, "relabel"),
        ({"relabel": -1}, "relabel"),
        ({"replay_percent": 95}, "replay_percent"),
        ({"control_of": ControlOf.SEEDS}, "seed_release"),
        ({"steps_growth": 0.5}, "steps_growth"),
        ({"steps_growth": 1.2}, "steps_growth"),
        ({"steps_growth": 1.2, "parameters": {"steps": 0}}, "steps_growth"),
    ],
)
def test_numbers_that_no_campaign_can_be_made_of_are_refused_with_their_field(change, field):
    PLAN.check()
    with pytest.raises(Fault, match=r"found .* expected") as fault:
        replace(PLAN, **change).check()
    assert fault.value.field == field


@pytest.mark.parametrize("basis", Basis)
def test_every_rule_of_a_campaign_holds_out_its_set_and_is_one_that_can_be_stored(basis):
    plan = replace(PLAN, basis=basis, scorer=7, verifier="scorer:seven")
    for rule in (plan.release_rule([7, 5]), plan.control_rule([5, 7], 12)):
        assert Rule.from_json(rule.as_json()) == rule
        assert rule.decontamination.problem_sets == (9,)
        assert rule.decontamination.near == 0.8
        assert rule.source.runs == (5, 7)
    control = plan.control_rule([5], 12)
    assert not control.verdicts.correctness
    assert not control.verdicts.required
    assert control.reviews.accepted_by == 0
    assert control.balance.most == 12
    assert control.per_problem is None, "a cap keeps right ones first"


def test_steps_grow_from_generation_to_generation_and_the_campaign_says_what_a_training_begins_from():
    plan = replace(PLAN, parameters={"steps": 40, "begin_from": "original"}, steps_growth=1.2)
    plan.check()
    assert [plan.trainer_parameters(number)["steps"] for number in range(1, 5)] == [40, 48, 58, 69]
    assert plan.trainer_parameters(1)["begin_from"] == "base"
    assert replace(plan, steps_growth=1.0).trainer_parameters(9)["steps"] == 40
    assert PLAN.trainer_parameters(1) == {}


@pytest.mark.parametrize(
    ("change", "outcomes", "cap", "rule"),
    [
        ({}, ("pass",), 8, TrainingRule(take="uniform")),
        ({"take": "greedy_diverse"}, ("pass", "fail"), None, TrainingRule(take="greedy_diverse", per_problem=8)),
        ({"relabel": 3}, ("pass", "fail"), None, TrainingRule(per_problem=8, relabel=3)),
        (
            {"replay": ReplaySource.SHARE, "seed_release": 4},
            ("pass",),
            8,
            TrainingRule(take="uniform", replay=20.0, replay_of=(1, 2), seeds=(4,)),
        ),
    ],
)
def test_what_a_training_learns_from_is_chosen_by_the_release_or_where_wrong_ones_enter_by_the_training(
    change, outcomes, cap, rule
):
    plan = replace(PLAN, **change)
    plan.check()
    assert (plan.release_rule([5]).verdicts.correctness, plan.release_rule([5]).per_problem) == (outcomes, cap)
    assert plan.training_rule([1, 2]) == rule
    assert TrainingRule.from_json(rule.as_json()) == rule
    assert not plan.training_rule([]).replay, "there is nothing to replay in the first generation"


def test_templates_are_named_by_their_keys_and_the_first_needs_no_model():
    assert [template.name for template in TEMPLATES.values()] == list(TEMPLATES)
    assert not next(iter(TEMPLATES.values())).needs_model


def test_an_evaluation_is_measured_over_problems():
    outcomes = [
        Outcomes(1, "a", 4, 4, (4,), 2),
        Outcomes(2, "a", 4, 0, (2, 2), 0),
        Outcomes(3, "", 4, 1, (1, 1), 1),
        Outcomes(4, "b", 0, 0, (), 0),
    ]
    found = measure(outcomes, failed=3)
    assert found.k == 4
    assert found.passed.mean == pytest.approx((1 + 0 + 0.25) / 3)
    assert found.passed_k.mean == pytest.approx(2 / 3)
    assert found.entropy.mean == pytest.approx((0 + 1 + 1) / 3)
    assert found.distinct.mean == pytest.approx(1.0)
    assert found.passed.low <= found.passed.mean <= found.passed.high
    assert (found.solved, found.failed) == (2, 3)
    assert found.by_family() == {"a": (2, 1, 0.5), "without a family": (1, 1, 0.25)}
    assert Measured.from_json(found.as_json()) == found


def test_an_evaluation_without_any_sample_is_measured_too():
    found = measure([Outcomes(1, "", 0, 0, (), 0)], failed=1)
    assert (found.k, found.passed.mean, found.solved) == (0, None, 0)
