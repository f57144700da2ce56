from dataclasses import replace

import pytest

from trajectories.core.campaigns.gates import GateTest
from trajectories.core.campaigns.measures import Measured, Outcomes, measure
from trajectories.core.campaigns.plans import Basis, CampaignPlan, Replay
from trajectories.core.campaigns.templates import TEMPLATES
from trajectories.core.faults import Fault
from trajectories.core.releases.rules import Rule

PLAN = CampaignPlan(training_problems=[1, 2], held_out_problems=[3], held_out_set=9, instructions=[4])


def test_a_plan_survives_being_kept():
    plan = replace(PLAN, basis=Basis.BOTH, replay=Replay.NEWEST, test=GateTest.NONE, temperatures=[0.5], people=True)
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
    ],
)
def test_numbers_that_no_campaign_can_be_made_of_are_refused_with_their_field(change, field):
    PLAN.check()
    with pytest.raises(Fault, match=r"found .* expected") as fault:
        replace(PLAN, **change).check()
    assert fault.value.field == field


@pytest.mark.parametrize("basis", Basis)
def test_every_rule_of_a_campaign_holds_out_its_set_and_is_one_that_can_be_stored(basis):
    plan = replace(PLAN, basis=basis)
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
