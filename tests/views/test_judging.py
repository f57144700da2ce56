"""The pages of model judges: who may, what they show, and each action."""

import json
from decimal import Decimal

import pytest
from django.urls import reverse

from tests import factories
from tests.jobs import steering
from tests.judging import job_over, rubric, works
from trajectories.adapters.chat_api import ChatSettings
from trajectories.models import JudgeJob, JudgeJobItem, Trace, Verdict
from trajectories.services.endpoints.samplers import add_chat_sampler

pytestmark = pytest.mark.django_db
NEW = "/judging/new/"
ACTIONS = ("pause", "resume", "cancel")


@pytest.fixture
def sampler():
    settings = ChatSettings("http://127.0.0.1:9/v1", "fake", input_price=Decimal(1), output_price=Decimal(2))
    return add_chat_sampler(actor=None, name="judge", title="The judge", settings=settings)


@pytest.fixture
def traces():
    return works("right", "wrong")


@pytest.fixture
def job(traces, sampler) -> JudgeJob:
    return job_over(traces, sampler)


def asked(sampler, **values):
    fields = {"sampler": sampler.pk, "rubric": rubric().pk, "form": "grade", "opponents": 4, "seed": 1, **values}
    return {f"judge-{name}": value for name, value in fields.items() if value is not None}


def test_a_lead_sees_the_estimate_before_the_button(client, lead, sampler, traces):
    client.force_login(lead)
    rubric()
    page = client.get(NEW).content.decode()
    assert "Start judging" in page
    assert '<dt>Calls</dt><dd class="strong">2</dd>' in page
    assert "about $0.0" in page


def test_the_estimate_follows_the_form(client, lead, sampler, traces):
    client.force_login(lead)
    page = client.get(f"{NEW}estimate/", asked(sampler, form="compare", opponents=3)).content.decode()
    assert '<dt>Calls</dt><dd class="strong">4</dd>' in page
    page = client.get(f"{NEW}estimate/", asked(sampler, form="compare", opponents=None)).content.decode()
    assert "Found 0 opponents, expected 1 to 16." in page


def test_a_job_is_planned_over_the_selection_and_rung_for(
    client, lead, sampler, traces, django_capture_on_commit_callbacks
):
    other = works("elsewhere")
    client.force_login(lead)
    with django_capture_on_commit_callbacks() as bells:
        answer = client.post(f"{NEW}?problem={traces[0].problem_id}", asked(sampler, budget_cost="0.5"))
    job = JudgeJob.objects.get()
    assert answer.url == reverse("judge_job_detail", args=[job.pk])
    assert (job.total_count, job.budget_cost, job.created_by) == (2, Decimal("0.5"), lead)
    assert set(job.items.values_list("trace", flat=True)) == {trace.pk for trace in traces}
    assert other[0].pk not in job.items.values_list("trace", flat=True)
    assert len(bells) == 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"form": "compare", "opponents": 99}, "Found 99, expected a whole number from 1 to 16."),
        ({"rubric": 10**6}, "Found &#x27;1000000&#x27;, expected one of those offered."),
        ({"budget_tokens": 0}, "Found 0, expected a whole number from 1 to"),
        ({"seed": "x"}, "Found &#x27;x&#x27;, expected a whole number from 0 to"),
    ],
)
def test_a_bad_form_comes_back_and_plans_nothing(client, lead, sampler, traces, values, message):
    client.force_login(lead)
    answer = client.post(NEW, asked(sampler, **values))
    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert not JudgeJob.objects.exists()


def test_without_traces_or_judges_the_page_says_what_to_do(client, lead):
    client.force_login(lead)
    assert "No traces in this selection" in client.get(NEW).content.decode()
    factories.make_trace()
    assert "No language model to judge" in client.get(NEW).content.decode()


def test_money_that_cannot_be_counted_is_refused(client, lead, traces):
    free = add_chat_sampler(
        actor=None, name="free", title="Free", settings=ChatSettings("http://127.0.0.1:9/v1", "fake")
    )
    client.force_login(lead)
    answer = client.post(NEW, asked(free, budget_cost=1))
    assert answer.status_code == 422
    assert "has no prices" in answer.context["form"].errors["budget_cost"][0]
    assert "has no prices" in answer.content.decode()
    assert not JudgeJob.objects.exists()


def test_who_may_not(client, curator, nobody, job):
    address = reverse("judge_job_detail", args=[job.pk])
    assert client.get(address).status_code == 302
    client.force_login(nobody)
    assert [client.get(path).status_code for path in (address, "/judging/", NEW)] == [403, 403, 403]
    client.force_login(curator)
    assert [client.get(path).status_code for path in (address, "/judging/")] == [200, 200]
    assert client.get(NEW).status_code == 403
    assert client.get(f"{NEW}estimate/").status_code == 403
    assert client.post(f"{address}budget/").status_code == 403
    for action in ACTIONS:
        assert client.post(steering("judge_job", job, action)).status_code == 403
    job.refresh_from_db()
    assert job.state == "queued"


@pytest.mark.parametrize("action", ACTIONS)
def test_actions_are_posted_and_need_a_job(client, lead, action):
    client.force_login(lead)
    for address in (steering("judge_job", JudgeJob(pk=7), action), "/judging/7/budget/"):
        assert client.get(address).status_code == 405
        assert client.post(address).status_code == 404


def test_pause_and_resume(client, lead, job, django_capture_on_commit_callbacks):
    client.force_login(lead)
    pause = steering("judge_job", job, "pause")
    assert client.post(pause)["Location"] == reverse("judge_job_detail", args=[job.pk])
    job.refresh_from_db()
    assert job.state == "paused"
    assert "The job is paused already." in client.post(pause, follow=True).content.decode()
    with django_capture_on_commit_callbacks() as bells:
        client.post(steering("judge_job", job, "resume"))
    job.refresh_from_db()
    assert (job.state, len(bells)) == ("queued", 1)


def test_cancel_ends_it_for_good(client, lead, job):
    client.force_login(lead)
    client.post(steering("judge_job", job, "cancel"))
    job.refresh_from_db()
    assert job.state == "cancelled"
    client.post(steering("judge_job", job, "resume"))
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_the_budget_can_be_changed(client, lead, job):
    client.force_login(lead)
    address = f"{reverse('judge_job_detail', args=[job.pk])}budget/"
    client.post(address, {"budget_tokens": "5000", "budget_cost": ""})
    job.refresh_from_db()
    assert (job.budget_tokens, job.budget_cost) == (5000, None)
    assert (
        "Found 0, expected a whole number from 1 to"
        in client.post(address, {"budget_tokens": "0"}, follow=True).content.decode()
    )


def test_results_agreement_and_filters(client, engineer, job, traces):
    Trace.objects.filter(pk=traces[0].pk).update(correctness="pass", decision="accepted")
    Trace.objects.filter(pk=traces[1].pk).update(correctness="fail")
    JudgeJobItem.objects.filter(trace=traces[0]).update(outcome="pass", score=1.0)
    JudgeJobItem.objects.filter(trace=traces[1]).update(outcome="pass", score=0.7, message="<b>7 of 10</b>")
    client.force_login(engineer)
    address = reverse("judge_job_detail", args=[job.pk])
    page = client.get(address)
    report = page.context["report"]
    assert (report.reference.both, report.reference.judge_only, report.reference.percent) == (1, 1, 50)
    assert (report.people.both, report.people.total) == (1, 1)
    text = page.content.decode()
    assert "Can it be trusted?" in text
    assert "&lt;b&gt;7 of 10" in text
    unlike = client.get(f"{address}?shown=unlike_reference").context["page"].rows
    assert [item.trace_id for item in unlike] == [traces[1].pk]
    fragment = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert fragment.lstrip().startswith('<div id="job"')


def test_the_number_of_queries_does_not_grow_with_the_results(client, curator, job, django_assert_max_num_queries):
    JudgeJobItem.objects.update(outcome="pass")
    client.force_login(curator)
    with django_assert_max_num_queries(14):
        client.get(reverse("judge_job_detail", args=[job.pk]))


def test_the_trace_page_says_by_model_judge_with_reason_opponents_and_own_words(client, engineer, job, traces):
    pair = {
        "opponent": traces[1].pk,
        "result": "tie",
        "note": "changed its mind when the order was swapped",
        "shown_first": {"better": "A", "reason": "<i>first</i>", "answers": ['{"better": "A"}']},
        "shown_second": {"better": "A", "reason": "first again", "answers": ['{"better": "A"}']},
    }
    for verifier, evidence in (
        ("model_judge:correctness", {"reason": "Step <b>2</b> is wrong.", "answers": [json.dumps({"score": 3})]}),
        ("model_preference:correctness", {"comparisons": [pair]}),
    ):
        Verdict.objects.create(
            trace=traces[0], verifier=verifier, version=1, outcome="fail", evidence=evidence, judge_job=job
        )
    client.force_login(engineer)
    text = client.get(reverse("trace_detail", args=[traces[0].pk])).content.decode()
    assert "By model judge, graded for correctness" in text
    assert "By model judge, preferred for correctness" in text
    assert "Step &lt;b&gt;2&lt;/b&gt; is wrong." in text
    assert "changed its mind when the order was swapped" in text
    assert f'against <a href="/traces/{traces[1].pk}/">' in text
    assert f'href="/judging/{job.pk}/"' in text
    assert "<i>first</i>" not in text


def test_the_trace_list_filters_by_the_model_judge_and_offers_it_to_leads(client, lead, curator, traces):
    Trace.objects.filter(pk=traces[0].pk).update(model_judged="pass")
    client.force_login(lead)
    page = client.get("/traces/?model_judged=pass")
    assert [trace.pk for trace in page.context["page"].rows] == [traces[0].pk]
    assert "/judging/new/?model_judged=pass" in page.content.decode()
    assert [trace.pk for trace in client.get("/traces/?model_judged=unjudged").context["page"].rows] == [traces[1].pk]
    client.force_login(curator)
    assert "/judging/new/" not in client.get("/traces/").content.decode()
