"""Starting jobs from the admin: each action from the table, through the page that asks, to the job and its bell."""

import pytest
from django.contrib.auth.models import Permission

from tests import factories
from tests.admin.pages import ask, confirm, form_of
from tests.campaigns import begin
from tests.generation import augmenting_plan, chain_of_thought, writing_plan
from tests.jobs import model
from tests.judging import rubric, works
from trajectories.models import (
    AuditEvent,
    Brief,
    Campaign,
    Export,
    GenerationJob,
    JudgeJob,
    Problem,
    ProblemSet,
    Release,
    Reverification,
    Run,
    Sampler,
)
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.generation.jobs import plan_generation
from trajectories.services.prompts.briefs import ensure_shipped_briefs
from trajectories.services.prompts.instructions import ensure_shipped_instructions, ensure_symbolic_views
from trajectories.services.runs.plans import Budget, plan_of


def words(answer):
    return " ".join(answer.content.decode().split())


def paid_run(**values):
    problems = [
        factories.make_problem(kind="numeric", statement=f"What is 2 + {number}?", spec={}, reference=str(number))
        for number in range(3)
    ]
    fields = {"sampler": model(), "problems": problems, "instructions": [chain_of_thought()], "samples_each": 4}
    return factories.plan(**{**fields, "temperatures": [0.7], "budget": Budget(tokens=50_000), **values})


def test_a_campaign_starts_again_with_another_setting(as_chief, chief):
    first = begin(instructions=ensure_symbolic_views(), sampler=ensure_symbolic(), trainer="embedded")
    asked = ask(as_chief, "campaign_again", first)
    assert "Trainings</dt><dd>4" in words(asked), "the estimate"
    done = confirm(as_chief, asked, Campaign, generations="1")
    second = Campaign.objects.latest("pk")
    assert done.redirect_chain[-1][0] == f"/campaigns/{second.pk}/"
    assert (second.created_by, second.cloned_from, second.generation_count) == (chief, first, 1)
    assert second.kept_plan.training_problems == first.kept_plan.training_problems


def test_a_run_starts_again_with_the_same_plan(as_chief, chief, django_capture_on_commit_callbacks):
    first = paid_run(title="The first")
    asked = ask(as_chief, "run_again", first)
    page = words(asked)
    assert 'Samples in all</dt><dd class="strong">12' in page, "the estimate"
    assert "about $" in page
    assert form_of(asked, Run).fields["budget_tokens"].value == "50000"
    assert Run.objects.count() == 1
    with django_capture_on_commit_callbacks() as bells:
        done = confirm(as_chief, asked, Run, title="The second", seed="99")
    second = Run.objects.latest("pk")
    assert done.redirect_chain[-1][0] == f"/runs/{second.pk}/"
    assert bells, "its bell is rung"
    assert (second.title, second.seed, second.created_by, second.state) == ("The second", 99, chief, "queued")
    assert second.budget_tokens == 50_000
    assert second.plan["prompt_tokens"] > 0
    assert second.attempts.count() == 12
    first.refresh_from_db()
    again, before = ({**run.plan, "prompt_tokens": None, "recalls": None} for run in (second, first))
    assert again == before
    event = AuditEvent.objects.filter(object_type="run", object_id=second.pk).get()
    assert (event.verb, event.actor) == ("planned", chief)


def test_the_same_page_sent_twice_starts_one_run(as_chief):
    asked = ask(as_chief, "run_again", paid_run())
    first, second = confirm(as_chief, asked, Run, seed="5"), confirm(as_chief, asked, Run, seed="5")
    assert first.redirect_chain == second.redirect_chain
    assert Run.objects.count() == 2


def test_the_estimate_follows_what_is_changed_and_starts_nothing(as_chief):
    run = paid_run()
    asked = ask(as_chief, "run_again", run)
    wrong = {**form_of(asked, Run).filled_in(), "budget_cost": "0", "_selected_action": [run.pk]}
    del wrong["confirmed"]
    answer = as_chief.post(asked.request["PATH_INFO"], wrong)
    assert answer.status_code == 422
    assert Run.objects.count() == 1
    answer = as_chief.post(asked.request["PATH_INFO"], {**wrong, "budget_cost": "3"})
    assert answer.status_code == 200
    assert "Samples in all" in words(answer)
    assert Run.objects.count() == 1


def test_a_symbolic_run_starts_again(as_chief):
    first = factories.plan(samples_each=3)
    done = confirm(as_chief, ask(as_chief, "run_again", first), Run)
    assert Run.objects.count() == 2, words(done)
    assert plan_of(Run.objects.latest("pk")) == plan_of(first)


def test_what_a_sampler_cannot_follow_is_said_and_not_started(as_chief):
    run, other = factories.plan(), model()
    answer = confirm(as_chief, ask(as_chief, "run_again", run), Run, sampler=str(other.pk))
    assert answer.status_code == 422
    assert "of this plan is not for" in words(answer)
    assert Run.objects.count() == 1


def test_a_run_without_a_plan_cannot_be_started_again(as_chief):
    assert "This run keeps no plan" in words(ask(as_chief, "run_again", factories.make_run()))


def test_a_plan_whose_problems_are_gone_says_so(as_chief):
    run = factories.plan()
    run.plan["problem_ids"].append(10**9)
    run.save()
    assert "1 of the 2 problems of this run are gone; plan a new one." in words(ask(as_chief, "run_again", run))


def test_two_runs_are_not_started_again_on_one_page(as_chief):
    runs = [factories.plan(), factories.plan()]
    assert "2 rows are chosen; expected one" in words(ask(as_chief, "run_again", *runs))
    assert Run.objects.count() == 2


def test_a_known_plan_starts_on_a_problem_set(as_chief, django_capture_on_commit_callbacks):
    ensure_shipped_instructions()
    sampler, problem = model(), factories.make_problem(kind="numeric", statement="2 + 2?", spec={}, reference="4")
    asked = ask(as_chief, "run_preset", problem.problem_set)
    with django_capture_on_commit_callbacks() as bells:
        confirm(as_chief, asked, ProblemSet, preset="star", limit="5", budget_cost="2.5")
    run = Run.objects.get()
    assert bells
    assert (run.strategy, run.sampler, run.plan["samples_each"]) == ("rationalise", sampler, 8)
    assert run.plan["problem_ids"] == [problem.pk]
    assert float(run.budget_cost) == 2.5


def test_a_known_plan_that_does_not_fit_says_why(as_chief):
    ensure_shipped_instructions()
    model()
    problem = factories.make_problem(kind="numeric", statement="2 + 2?", spec={}, reference="4")
    answer = confirm(as_chief, ask(as_chief, "run_preset", problem.problem_set), ProblemSet, preset="experts")
    assert answer.status_code == 422
    assert "is for arc problems" in words(answer)
    assert not Run.objects.exists()


def test_without_a_language_model_no_known_plan_can_be_started(as_chief):
    assert "add a sampler first" in words(ask(as_chief, "run_preset", factories.make_problem_set()))


@pytest.mark.parametrize("of", [Run, Problem, ProblemSet, Sampler])
def test_traces_are_verified_again(as_chief, chief, of, django_capture_on_commit_callbacks):
    run = factories.make_run()
    trace = factories.make_trace(run=run, sampler=run.sampler)
    factories.make_trace()
    row = {Run: run, Problem: trace.problem, ProblemSet: trace.problem.problem_set, Sampler: run.sampler}[of]
    asked = ask(as_chief, "verify_again", row)
    assert "<dt>Traces</dt><dd>1</dd>" in words(asked)
    with django_capture_on_commit_callbacks() as bells:
        done = confirm(as_chief, asked, of)
    job = Reverification.objects.get()
    assert done.redirect_chain[-1][0] == f"/reverifications/{job.pk}/"
    assert bells
    assert (job.total_count, job.created_by) == (1, chief)


def test_of_several_rows_those_with_traces_have_a_job_each(as_chief):
    runs = [factories.make_run(title=f"Run {number}") for number in range(3)]
    for run in runs[:2]:
        factories.make_trace(run=run)
    asked = ask(as_chief, "verify_again", *runs)
    assert "nothing to verify again. Nothing will happen to it." in words(asked)
    done = confirm(as_chief, asked, Run)
    assert done.redirect_chain[-1][0] == "/jobs/?kind=reverification"
    assert {job.rule.query() for job in Reverification.objects.all()} == {f"run={run.pk}" for run in runs[:2]}


def test_a_model_judges_the_traces_of_a_problem(as_chief, chief, django_capture_on_commit_callbacks):
    judge, by = model(), rubric()
    [trace] = works("right")
    asked = ask(as_chief, "judge_traces", trace.problem)
    assert 'Calls</dt><dd class="strong">1' in words(asked)
    changes = {"judge-sampler": judge.pk, "judge-rubric": by.pk, "judge-form": "grade", "judge-budget_tokens": 900}
    with django_capture_on_commit_callbacks() as bells:
        confirm(as_chief, asked, Problem, **changes)
    job = JudgeJob.objects.get()
    assert bells
    assert (job.sampler, job.rubric, job.budget_tokens, job.total_count) == (judge, by, 900, 1)
    assert AuditEvent.objects.filter(verb="judging.planned", actor=chief).count() == 1


def test_a_generation_job_is_planned_like_an_earlier_one(as_chief, chief, django_capture_on_commit_callbacks):
    ensure_shipped_briefs()
    writer = model()
    brief = Brief.objects.filter(generator="constrained").first()
    first = plan_generation(actor=None, plan=writing_plan(writer, brief=brief, budget=Budget(tokens=70_000)))
    asked = ask(as_chief, "generate_again", first)
    page = words(asked)
    assert "2 if every problem passes" in page
    assert "about $" in page
    with django_capture_on_commit_callbacks() as bells:
        confirm(as_chief, asked, GenerationJob)
    assert GenerationJob.objects.count() == 2
    second = GenerationJob.objects.latest("pk")
    assert bells
    assert (second.sampler, second.wanted, second.budget_tokens, second.created_by) == (writer, 6, 70_000, chief)
    assert second.plan["set_name"] == first.plan["set_name"]
    assert second.seed != first.seed


def test_a_generation_job_without_a_model_costs_nothing(as_chief, problem):
    first = plan_generation(actor=None, plan=augmenting_plan(problem.problem_set))
    asked = ask(as_chief, "generate_again", first)
    assert "none: it runs here" in words(asked)
    confirm(as_chief, asked, GenerationJob)
    second = GenerationJob.objects.latest("pk")
    assert second.plan["recipe"]["parameters"] == first.plan["recipe"]["parameters"]


def test_problems_are_generated_by_a_brief(as_chief):
    ensure_shipped_briefs()
    model()
    brief = (
        Brief.objects.filter(generator="constrained").exclude(problem_kind="").first()
        or Brief.objects.filter(generator="constrained").first()
    )
    asked = ask(as_chief, "generate_from_brief", brief)
    assert "told once the form is complete" in words(asked), "the set has no name yet"
    kind = brief.problem_kind or "numeric"
    done = confirm(as_chief, asked, Brief, set_title="Written", kind=kind, wanted="4", budget_cost="1")
    job = GenerationJob.objects.get()
    assert done.redirect_chain[-1][0] == f"/generation/{job.pk}/"
    assert (job.brief, job.wanted) == (brief, 4)


def test_a_file_of_a_release_is_asked_for(as_chief, chief, django_capture_on_commit_callbacks):
    release = Release.objects.create(title="R", rule={}, manifest={}, content_hash="0" * 64, item_count=0)
    asked = ask(as_chief, "export_release", release)
    assert "There already</dt><dd>no" in words(asked), "of the format that is shown first"
    with django_capture_on_commit_callbacks() as bells:
        confirm(as_chief, asked, Release, format="full", with_meta="on")
    export = Export.objects.get()
    assert bells
    assert (export.format, export.with_meta, export.created_by, export.state) == ("full", True, chief, "queued")
    sent = form_of(asked, Release).filled_in()
    sent |= {"format": "full", "with_meta": "on", "_selected_action": [release.pk]}
    del sent["confirmed"]
    assert "yes, queued: it is taken as it is" in words(as_chief.post(asked.request["PATH_INFO"], sent))


@pytest.mark.parametrize(
    ("action", "needed"),
    [
        ("run_again", "add_run"),
        ("verify_again", "add_reverification"),
        ("judge_traces", "add_judgejob"),
    ],
)
def test_nothing_is_started_without_the_permission(client, nobody, action, needed):
    nobody.is_staff = True
    nobody.save()
    viewing = ["view_run", "view_verdict", "view_judgejob"]
    nobody.user_permissions.set(Permission.objects.filter(codename__in=viewing))
    client.force_login(nobody)
    run = factories.plan()
    factories.make_trace(run=run)
    assert 'name="asked"' not in ask(client, action, run).content.decode()
    nobody.user_permissions.add(Permission.objects.get(codename=needed))
    assert 'name="asked"' in ask(client, action, run).content.decode()
