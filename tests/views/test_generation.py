import pytest
from django.urls import reverse

from tests.endpoint import sampler_for
from tests.factories import make_problem
from tests.generation import AUGMENTED, augmenting_plan, chain_of_thought, plan_job, run_through, waiting_candidate
from tests.jobs import steering
from trajectories.management.commands.generate import generation_line
from trajectories.models import Brief, GenerationJob
from trajectories.services.generation.jobs import pause_generation, plan_generation
from trajectories.services.prompts.briefs import ensure_shipped_briefs
from trajectories.stand_ins.fake_endpoint import FakeEndpoint, problem_writer

pytestmark = pytest.mark.django_db
NEW = reverse("generation_new")


@pytest.fixture
def endpoint():
    with FakeEndpoint(answerer=problem_writer()) as running:
        yield running


def written(sampler, **values):
    """What the form for written problems sends."""
    ensure_shipped_briefs()
    return {
        "sampler": sampler.pk,
        "brief": Brief.objects.get(name="word-problems").pk,
        "kind": "numeric",
        "per_call": 3,
        "words_each": 2,
        "features_each": 1,
        "temperature": 1,
        "wanted": 4,
        "set_title": "Written",
        "split": "train",
        "threshold": 0.7,
        "solver": sampler.pk,
        "instruction": chain_of_thought().pk,
        "solver_samples": 5,
        "solver_temperature": 0.8,
        "least_share": 0.6,
        **values,
    }


def varied(problem, **values):
    return {
        "source_set": problem.problem_set_id,
        **dict.fromkeys(AUGMENTED, "on"),
        "wanted": 4,
        "set_title": "Varied",
        "split": "train",
        "solver_samples": 5,
        "solver_temperature": 0.8,
        "least_share": 0.6,
        **values,
    }


@pytest.fixture
def job(db, problem):
    return plan_generation(actor=None, plan=augmenting_plan(problem.problem_set))


def test_a_lead_plans_a_job_that_a_model_writes_for(client, lead, endpoint):
    client.force_login(lead)
    sampler = sampler_for(endpoint)
    response = client.post(f"{NEW}?generator=constrained", written(sampler))
    job = GenerationJob.objects.get()
    assert response.url == reverse("generation_detail", args=[job.pk])
    assert (job.sampler, job.solver, job.wanted, job.created_by) == (sampler, sampler, 4, lead)
    assert job.plan["check"] == {"samples": 5, "temperature": 0.8, "share": 0.6}
    assert job.plan["recipe"]["words_each"] == 2


def test_a_lead_plans_a_job_that_needs_no_model(client, lead, problem):
    client.force_login(lead)
    client.post(f"{NEW}?generator=arc_augmented", varied(problem))
    job = GenerationJob.objects.get()
    assert (job.sampler, job.solver, job.source_set) == (None, None, problem.problem_set)
    assert job.plan["source_ids"] == [problem.pk]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"set_title": "!!!"}, "Use at least one letter from a to z or one digit."),
        ({"wanted": 0}, "Found 0, expected a whole number from 1 to"),
        ({"words_each": 20, "brief": "mine"}, "Found 20 words to draw, expected 0 to"),
        ({"budget_cost": "1"}, "has no prices"),
        ({"kind": "choice"}, "is for a number; expected that."),
    ],
)
def test_a_wrong_plan_comes_back_with_a_sentence_and_plans_nothing(client, lead, endpoint, values, words):
    client.force_login(lead)
    data = written(sampler_for(endpoint), **values)
    if data["brief"] == "mine":
        data["brief"] = Brief.objects.create(
            name="mine", title="Mine", generator="constrained", template="{format}", words=["owl"]
        ).pk
    response = client.post(f"{NEW}?generator=constrained", data)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not GenerationJob.objects.exists()


def test_the_form_has_what_its_generator_needs(client, lead, endpoint, problem):
    sampler_for(endpoint)
    ensure_shipped_briefs()
    client.force_login(lead)
    page = client.get(f"{NEW}?generator=constrained").content.decode()
    assert 'name="brief"' in page
    assert 'name="symmetries"' not in page
    page = client.get(f"{NEW}?generator=arc_augmented").content.decode()
    assert 'name="symmetries"' in page
    assert 'name="brief"' not in page
    assert client.get(f"{NEW}?generator=nonsense").status_code == 200


def test_without_a_model_or_a_source_the_page_says_what_to_do(client, lead):
    client.force_login(lead)
    assert "No language model yet" in client.get(f"{NEW}?generator=constrained").content.decode()
    assert "No problems to start from" in client.get(f"{NEW}?generator=arc_augmented").content.decode()


def test_the_preview_shows_the_exact_first_call(client, lead, endpoint):
    client.force_login(lead)
    address = reverse("generation_preview") + "?generator=constrained"
    page = client.post(address, written(sampler_for(endpoint), set_title="")).content.decode()
    assert "Write 3 new problems whose answer is one number" in page
    assert not endpoint.calls
    response = client.post(address, written(sampler_for(endpoint), per_call=99))
    assert response.status_code == 422
    assert "Problems a call" in response.content.decode()


def test_the_preview_shows_what_an_embedded_generator_makes(client, lead, problem):
    client.force_login(lead)
    page = client.post(reverse("generation_preview") + "?generator=arc_augmented", varied(problem)).content.decode()
    assert page.count("<svg") > 4
    assert problem.name in page


def test_the_page_of_a_job_polls_while_it_is_active(client, curator, job):
    client.force_login(curator)
    address = reverse("generation_detail", args=[job.pk])
    assert "every 2s" in client.get(address).content.decode()
    run_through(job)
    page = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "every 2s" not in page
    assert "of 4 wanted" in page
    assert f"?job={job.pk}&amp;state=waiting" in page


def test_jobs_are_listed_with_what_came_of_them(client, curator, job, django_assert_max_num_queries):
    run_through(job)
    client.force_login(curator)
    with django_assert_max_num_queries(8):
        page = client.get(reverse("generation_list")).content.decode()
    assert job.title in page
    assert "4 of 4" in page


def test_more_than_were_wanted_are_not_so_many_of_fewer(client, lead, job):
    """Each call brings several: lists said "4 of 3"."""
    run_through(job)
    GenerationJob.objects.filter(pk=job.pk).update(wanted=3)
    job.refresh_from_db()
    client.force_login(lead)
    assert "4 (3 wanted)" in client.get(reverse("generation_list")).content.decode()
    page = client.get(reverse("generation_detail", args=[job.pk])).content.decode()
    assert "4 (3 wanted)" in page
    assert ">3 wanted<" in page
    assert "4 problems (3 wanted)" in client.get(reverse("job_list")).content.decode()
    assert "passed 4 (3 wanted)" in generation_line(job)


def test_an_empty_list_says_what_to_do(client, lead):
    client.force_login(lead)
    assert "No problems were generated yet" in client.get(reverse("generation_list")).content.decode()


def test_a_lead_pauses_resumes_and_cancels_by_post_only(client, lead, job):
    client.force_login(lead)
    for action, state in (("pause", "paused"), ("resume", "queued"), ("cancel", "cancelled")):
        address = steering("generation", job, action)
        assert client.get(address).status_code == 405
        assert client.post(address).status_code == 302
        job.refresh_from_db()
        assert job.state == state
    page = client.post(steering("generation", job, "pause"), follow=True).content.decode()
    assert "The job is cancelled; only a queued or running one can be paused." in page


def test_resuming_may_bring_another_budget(client, lead, endpoint):
    client.force_login(lead)
    client.post(f"{NEW}?generator=constrained", written(sampler_for(endpoint), budget_tokens=5000))
    job = GenerationJob.objects.get()
    pause_generation(actor=None, job_id=job.pk)
    client.post(reverse("generation_resume", args=[job.pk]), {"budget_tokens": "90000"})
    job.refresh_from_db()
    assert (job.state, job.budget_tokens) == ("queued", 90000)
    pause_generation(actor=None, job_id=job.pk)
    page = client.post(reverse("generation_resume", args=[job.pk]), {"budget_tokens": "no"}, follow=True)
    assert "expected a whole number from 1 to" in page.content.decode()


@pytest.mark.parametrize("action", ["pause", "resume", "cancel"])
def test_a_curator_looks_but_does_not_steer(client, curator, job, action):
    client.force_login(curator)
    assert client.get(reverse("generation_detail", args=[job.pk])).status_code == 200
    assert client.get(NEW).status_code == 403
    assert client.post(reverse("generation_preview")).status_code == 403
    assert client.post(steering("generation", job, action)).status_code == 403
    assert client.post(reverse("generation_resume", args=[job.pk])).status_code == 403


def test_somebody_without_a_role_sees_nothing(client, nobody, job):
    client.force_login(nobody)
    assert client.get(reverse("generation_list")).status_code == 403
    assert client.get(reverse("generation_detail", args=[job.pk])).status_code == 403


def test_a_job_that_is_not_there_is_not_found(client, lead):
    client.force_login(lead)
    assert client.get(reverse("generation_detail", args=[99])).status_code == 404
    assert client.post(steering("generation", GenerationJob(pk=99), "cancel")).status_code == 404


def test_the_list_of_problems_leads_here(client, lead):
    make_problem()
    plan_job()
    waiting_candidate()
    client.force_login(lead)
    assert reverse("generation_list") in client.get(reverse("problem_list")).content.decode()
    assert "Review 1" in client.get(reverse("generation_list")).content.decode()


def test_a_job_that_failed_is_tried_again(client, lead, curator, job):
    again = steering("generation", job, "retry")
    client.force_login(lead)
    address = reverse("generation_detail", args=[job.pk])
    assert again not in client.get(address).content.decode()
    GenerationJob.objects.filter(pk=job.pk).update(state="failed", state_reason="A prompt could not be made.")
    assert again in client.get(address).content.decode()
    client.force_login(curator)
    assert client.post(again).status_code == 403
    client.force_login(lead)
    client.post(again)
    job.refresh_from_db()
    assert (job.state, job.state_reason, job.finished_at) == ("queued", "", None)
