"""Whatever estimates a job that costs money says which daily limit it will come to: pages, admin, API, commands."""

from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.http import HttpResponse
from django.urls import reverse

from tests import factories
from tests.admin.pages import ask
from tests.api.programs import Program
from tests.campaigns import begin, two_sets
from tests.generation import chain_of_thought, writing_plan
from tests.jobs import model
from tests.judging import rubric, works
from trajectories.models import Brief
from trajectories.services.generation.jobs import plan_generation
from trajectories.services.prompts.briefs import ensure_shipped_briefs
from trajectories.services.prompts.instructions import ensure_shipped_instructions
from trajectories.services.spending.holding import note_of_plan
from trajectories.services.spending.limits import lift_limit, set_limit

pytestmark = pytest.mark.django_db


@pytest.fixture
def sampler(db):
    ensure_shipped_instructions()
    return model()


def a_run(sampler):
    problem = factories.make_problem(kind="numeric", statement="2 + 2?", spec={}, reference="4")
    return factories.plan(sampler=sampler, problems=[problem], instructions=[chain_of_thought()], samples_each=4)


def a_campaign(sampler):
    asking = factories.make_instruction(name="write-a-program", style="program", suits="chat")
    return begin(sampler=sampler, instructions=[asking], trainer="package")


def a_generation(sampler):
    ensure_shipped_briefs()
    return plan_generation(actor=None, plan=writing_plan(sampler, brief=Brief.objects.get(name="word-problems")))


def a_problem(sampler):
    rubric()
    return works("right")[0].problem


def judged(sampler):
    works("right")
    return {"sampler": sampler.pk, "rubric": rubric().pk, "form": "grade"}


def written(sampler):
    ensure_shipped_briefs()
    brief = Brief.objects.get(name="word-problems")
    return {"generator": "constrained", "sampler": sampler.pk, "brief": brief.pk, "kind": "numeric", "wanted": 4}


def told_by(command, *arguments):
    out = StringIO()
    call_command(command, *arguments, "--dry-run", stdout=out)
    return HttpResponse(out.getvalue())


def by_admin(action, row):
    def told(sampler, client, person):
        shown = row(sampler)
        client.force_login(person)
        return lambda: ask(client, action, shown)

    return told


def by_page(name, method, fields):
    def told(sampler, client, person):
        sent = fields(sampler)
        client.force_login(person)
        return lambda: getattr(client, method)(name(), sent)

    return told


def by_api(path, wish):
    def told(sampler, client, person):
        sent, program = wish(sampler), Program(person)
        return lambda: program.post(path, sent)

    return told


def judge_command(sampler, client, person):
    works("right")
    return lambda: told_by("judge", "--sampler", sampler.name)


def campaign_command(sampler, client, person):
    sets = two_sets()
    asking = factories.make_instruction(name="write-a-program", style="program", suits="chat")
    values = {"training_set": sets[0].pk, "held_out_set": sets[1].pk, "sampler": sampler.pk, "instructions": asking.pk}
    words = [f"{name}={value}" for name, value in {**values, "trainer": "package", "search_seconds": ""}.items()]
    return lambda: told_by("campaign", "--set", *words, "--as", person.username)


WAYS = {
    "a run again, admin": by_admin("run_again", a_run),
    "a campaign again, admin": by_admin("campaign_again", a_campaign),
    "problems again, admin": by_admin("generate_again", a_generation),
    "judging, admin": by_admin("judge_traces", a_problem),
    "judging, page": by_page(
        lambda: reverse("judge_job_estimate"),
        "get",
        lambda sampler: {f"judge-{name}": value for name, value in {**judged(sampler), "seed": 1}.items()},
    ),
    "problems, page": by_page(
        lambda: reverse("generation_preview") + "?generator=constrained",
        "post",
        lambda sampler: (
            {**written(sampler), "per_call": 2, "words_each": 2, "features_each": 1, "temperature": 1}
            | {"split": "train", "threshold": 0.7, "solver_samples": 5, "solver_temperature": 0.8, "least_share": 0.6}
        ),
    ),
    "judging, API": by_api("/judgings/estimate", judged),
    "problems, API": by_api("/generation/preview", lambda sampler: {**written(sampler), "set_title": "Written"}),
    "asking, API": by_api("/asks/estimate", lambda sampler: {"sampler": sampler.pk, "question": "Is 7 prime?"}),
    "judging, command": judge_command,
    "a campaign, command": campaign_command,
}


@pytest.mark.parametrize("way", WAYS)
def test_every_estimate_says_which_daily_limit_it_will_come_to(way, sampler, client, chief):
    answer = WAYS[way](sampler, client, chief)

    def told():
        response = answer()
        assert response.status_code == 200, response.content
        return response.content.decode()

    before = told()
    assert "daily limit" not in before, before
    set_limit(actor=chief, scope="person", person=chief, amount=Decimal("0.0000001"))
    if way == "judging, command":  # nobody's job: the limits of all hold for it
        set_limit(actor=chief, scope="all", amount=Decimal("0.0000001"))
    after = told()
    assert "The daily limit of " in after, after
    assert "will pause there" in after


def test_the_limit_that_is_short_of_most_is_named_and_each_counts_what_comes_of_it(sampler, chief):
    solver = model()
    costs = {sampler.name: Decimal(3), solver.name: Decimal(4), "free": None}

    def told():
        return note_of_plan(costs=costs, person_id=chief.pk, noun="job")

    every = set_limit(actor=chief, scope="all", amount=Decimal(7))
    assert told() == ""
    set_limit(actor=chief, scope="sampler", sampler_name=solver.name, amount=Decimal(2))
    assert f"The daily limit of the sampler {solver.name}, $2.00, has $2.00 left" in told()
    set_limit(actor=chief, scope="all", amount=Decimal(3))
    assert "of all jobs, $3.00, has $3.00 left" in told(), "four short, where that of the sampler is two"
    lift_limit(actor=chief, limit_id=every.pk)
    assert f"of the sampler {solver.name}" in told()
