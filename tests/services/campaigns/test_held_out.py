"""No training row may come from held-out problems: canaries are planted everywhere, and none is ever learnt from."""

import random
from dataclasses import replace

import pytest

from tests import factories
from tests.campaigns import begin, finish, mirror_task, two_sets, work
from trajectories.core.faults import Fault
from trajectories.core.identity import content_hash
from trajectories.core.releases.rules import Decontamination
from trajectories.models import Attempt, Campaign, Problem, ReleaseItem, Training
from trajectories.services.campaigns import stages
from trajectories.services.campaigns.held_out import find_overlaps
from trajectories.views.shown.campaigns import plan_words

pytestmark = pytest.mark.django_db


def turned(grid):
    return [list(row) for row in zip(*grid[::-1], strict=True)]


def recoloured(grid, colours):
    return [[colours[cell] for cell in row] for row in grid]


KINDS = ("copy", "turned", "colours", "order", "pair")


def canary(problem, lots, kind=None, **values):
    """A copy of a problem under another name: turned, recoloured, with its pairs in another order, or with one pair of
    it among others; of a kind that is drawn where none is given."""
    pairs, test = list(problem.spec["train"]), problem.spec["test"][0]["input"]
    answer = problem.reference[0]
    kind = kind or lots.choice(KINDS)
    if kind == "turned":
        pairs = [{name: turned(grid) for name, grid in pair.items()} for pair in pairs]
        test, answer = turned(test), turned(answer)
    elif kind == "colours":
        colours = lots.sample(range(10), 10)
        pairs = [{name: recoloured(grid, colours) for name, grid in pair.items()} for pair in pairs]
        test, answer = recoloured(test, colours), recoloured(answer, colours)
    elif kind == "order":
        pairs = pairs[::-1]
    elif kind == "pair":
        other = mirror_task(lots.randrange(10_000, 1_000_000), problem_set=factories.make_problem_set())
        pairs, test, answer = [pairs[0], *other.spec["train"]], other.spec["test"][0]["input"], other.reference[0]
    return factories.make_problem(
        spec={"train": pairs, "test": [{"input": test}]},
        reference=[answer],
        content_hash=content_hash(["canary", lots.random()]),
        **values,
    )


def test_canaries_among_the_training_problems_are_left_out_when_a_campaign_is_planned(lead):
    training, held_out = two_sets(training=3)
    honest = set(training.problems.values_list("pk", flat=True))
    lots = random.Random(16)
    planted = {canary(problem, lots, problem_set=training).pk for problem in held_out.problems.all() for _ in range(5)}
    campaign = begin(lead, sets=(training, held_out))
    assert set(campaign.kept_plan.training_problems) == honest
    assert {row[0] for row in campaign.left_out} == planted
    assert {row[1] for row in campaign.left_out} <= set(held_out.problems.values_list("pk", flat=True))


def test_near_copies_of_statements_are_canaries_too():
    held_out = factories.make_problem_set()
    words = "A train leaves the town at nine and goes forty miles an hour; how far is it at noon, in miles?"
    values = {"kind": "numeric", "spec": {}, "reference": "120"}
    factories.make_problem(problem_set=held_out, statement=words, **values)
    texts = [words.replace("noon", "three"), words.upper(), "How many eggs are in two dozens of them, less five?"]
    training = [factories.make_problem(statement=text, **values) for text in texts]
    found = find_overlaps(training, held_out, 0.6)
    assert [each.problem for each in found] == training[:2]


def plant(campaign, problem):
    """A right trace of a problem in the run of the campaign, as if it had been planned there."""
    row = campaign.generations.get(number=1, arm="champion")
    attempt = Attempt.objects.create(
        run=row.run, problem=problem, instruction=row.run.attempts.first().instruction, index=99, ordinal=0, seed=1,
        state="done",
    )  # fmt: skip
    return factories.make_trace(run=row.run, problem=problem, attempt=attempt, correctness="pass")


def until(campaign, stage):
    while not campaign.generations.filter(number=1, arm="champion", stage=stage).exists():
        work(campaign)
        assert campaign.is_active


def test_canaries_among_the_traces_of_a_run_never_enter_a_release(lead, coach):
    campaign = begin(lead, generations=1)
    until(campaign, "sampling")
    lots = random.Random(61)
    held_out = list(campaign.held_out_set.problems.all())
    planted = {plant(campaign, problem).pk for problem in held_out}
    elsewhere = factories.make_problem_set()
    planted |= {plant(campaign, canary(problem, lots, problem_set=elsewhere)).pk for problem in held_out}
    assert finish(campaign).state == "finished"
    assert len(planted) == 12
    assert not ReleaseItem.objects.filter(trace__in=planted).exists()
    assert not planted & {key for lessons in coach.lessons for key in lessons}
    assert not {key for lessons in coach.lessons for key in lessons} & set(
        Problem.objects.filter(problem_set=campaign.held_out_set).values_list("traces", flat=True)
    )


def test_a_release_that_holds_a_held_out_problem_all_the_same_is_not_trained_on(lead, monkeypatch):
    """As if the rule had let it through: what was frozen is looked through once more."""
    campaign = begin(lead, generations=1, control=False)
    until(campaign, "sampling")
    problem = campaign.held_out_set.problems.first()
    plant(campaign, problem)
    real = stages._freeze

    def freeze(campaign, row, rule):
        return real(campaign, row, replace(rule, decontamination=Decontamination()))

    monkeypatch.setattr(stages, "_freeze", freeze)
    finish(campaign)
    release = campaign.generations.get(number=1).freezing.release
    assert campaign.state_reason == (
        f"Generation 1: release {release.pk} holds 1 problems that are held out, the first {problem.name!r} "
        "(the same problem); nothing was trained."
    )
    assert not Training.objects.exists()


def test_training_problems_of_the_evaluation_side_are_left_out_and_counted_and_nothing_but_them_is_refused(lead):
    sets = two_sets()
    mine = Problem.objects.filter(problem_set=sets[0]).order_by("pk")
    aside = mine.first()
    Problem.objects.filter(pk=aside.pk).update(split="eval")
    campaign = begin(lead, sets=sets)
    assert aside.pk not in campaign.kept_plan.training_problems
    assert (len(campaign.kept_plan.training_problems), campaign.kept_plan.passed_over) == (3, 1)
    assert ("Left out", "0 training problems like held-out ones, 1 of the evaluation side") in plan_words(
        campaign, campaign.kept_plan
    )
    mine.update(split="eval")
    with pytest.raises(Fault, match="found all 4 problems to be of the evaluation side") as refused:
        begin(lead, sets=sets)
    assert refused.value.field == "training_set"
    assert Campaign.objects.count() == 1
