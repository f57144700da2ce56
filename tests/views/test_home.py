import uuid
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from tests import factories
from tests.generation import waiting_candidate
from tests.jobs import make_job
from tests.queues import make_traces, queue_of
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.models import Export, Import, Run
from trajectories.selectors.waiting import KINDS
from trajectories.services.curation.decisions import flag_item
from trajectories.services.curation.reviews import submit_review
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.views.home import ERRANDS


def page_of(client, user, **headers) -> str:
    client.force_login(user)
    return client.get(reverse("home"), headers=headers).content.decode()


def test_an_empty_installation_says_to_import(client, lead):
    page = page_of(client, lead)
    assert "Import problems" in page
    assert 'href="/problems/import/"' in page


def test_who_may_not_import_is_not_told_to(client, curator):
    assert 'href="/problems/import/"' not in page_of(client, curator)


def test_without_a_role_the_page_says_how_to_get_one(client, nobody):
    page = page_of(client, nobody)
    assert "no role yet" in page
    assert "loop-problems" not in page


def test_the_loop_has_live_counts(client, lead):
    run = factories.make_run(state="finished", planned_count=3, done_count=3, verified_count=3, correct_count=2)
    problem = factories.make_problem()
    for correctness in ("pass", "pass", "fail"):
        factories.make_trace(problem=problem, run=run, correctness=correctness)
    problem.refresh_from_db()
    problem.scored_count, problem.correct_count, problem.accepted_count = 3, 2, 1
    problem.save()
    client.force_login(lead)
    response = client.get(reverse("home"))
    loop = response.context["loop"]
    assert (loop.problems, loop.samples, loop.scored, loop.correct, loop.accepted) == (1, 3, 3, 2, 1)
    assert loop.waiting == 2
    assert loop.has_unreleased
    titles = [step.title for step in response.context["steps"]]
    assert titles == ["Review traces", "Freeze a release", "Start a run"]


def test_a_run_under_way_is_polled_and_an_ended_one_is_not(client, lead):
    factories.make_worker()
    factories.make_problem()
    run = factories.make_run(state="running", planned_count=10, done_count=4)
    assert 'hx-trigger="every 3s"' in page_of(client, lead)
    run.state = "finished"
    run.save()
    assert "hx-trigger" not in page_of(client, lead)


def test_a_poll_gets_the_fragment_alone(client, lead):
    factories.make_problem()
    fragment = page_of(client, lead, **{"hx-request": "true"})
    assert "<html" not in fragment
    assert 'id="live"' in fragment
    whole = page_of(client, lead, **{"hx-request": "true", "hx-history-restore-request": "true"})
    assert "<html" in whole


def test_queries_do_not_grow_with_runs_and_problems(client, lead, django_assert_num_queries):
    for _ in range(5):
        factories.make_problem()
        factories.make_run(state="running", planned_count=1)
        factories.make_run(state="finished", planned_count=1)
    client.force_login(lead)
    client.get(reverse("home"))
    with django_assert_num_queries(28):
        client.get(reverse("home"))


def test_the_page_says_that_no_worker_is_alive_and_looks_again(client, lead):
    page = page_of(client, lead)
    assert "No worker has started yet." in page
    assert 'hx-trigger="every 3s"' in page
    factories.make_worker()
    page = page_of(client, lead)
    assert "orker has" not in page
    assert 'hx-trigger="every 3s"' not in page, "nothing is under way"


def test_the_page_names_the_worker_that_is_silent(client, curator):
    factories.make_worker(name="quick worker")
    factories.make_worker(name="worker 2", host="<box>", task="trajectories.verify_batch", silent=True)
    page = page_of(client, curator)
    assert "Worker 2 on &lt;box&gt; has been silent since" in page
    assert "while it was at trajectories.verify_batch" in page
    assert "1 worker alive, 1 silent." in page


def test_the_page_says_since_when_no_worker_is_alive(client, lead):
    factories.make_worker(silent=True)
    assert "No worker is alive, since 20" in page_of(client, lead)


def test_without_a_role_nobody_reads_about_workers(client, nobody):
    factories.make_worker(silent=True)
    assert "orker" not in page_of(client, nobody)


def steps_of(client, user) -> dict[str, tuple[str, str]]:
    """(text, address) by title of what the page says to do."""
    client.force_login(user)
    return {step.title: (step.text, step.address) for step in client.get(reverse("home")).context["steps"]}


def test_candidates_wait_for_whoever_may_review_them(client, lead, curator, engineer):
    waiting_candidate()
    waiting_candidate(number=1)
    waiting_candidate(number=2, state="rejected")
    for person in (lead, curator):
        text, address = steps_of(client, person)["Review candidates"]
        assert text.startswith("2 generated problems passed all checks.")
        assert address == reverse("candidate_next")
    assert "Review candidates" not in steps_of(client, engineer)


def test_paused_runs_wait_for_whoever_may_resume_them(client, lead, curator):
    factories.make_problem()
    run = factories.make_run(state="paused", title="The long one", state_reason="The budget is spent.")
    assert steps_of(client, lead)["Resume a run"] == (
        "“The long one”: The budget is spent.",
        reverse("run_detail", args=[run.pk]),
    )
    assert "Resume a run" not in steps_of(client, curator)
    factories.make_run(state="paused", title="Another", state_reason="")
    text, address = steps_of(client, lead)["Resume a run"]
    assert text == "2 paused runs, the newest “Another”: its page says why."
    assert address == reverse("run_list")


def test_a_run_that_waits_for_a_daily_limit_is_nobodys_errand(client, lead):
    """It goes on by itself; resumed by hand it would pause again. That jobs wait for the limit is said by itself."""
    factories.make_problem()
    run = factories.make_run(state="paused", state_reason="The daily limit of all jobs, $1.00, has $0 left.")
    factories.make_spend_wait(run)
    assert "Resume a run" not in steps_of(client, lead)
    Run.objects.filter(pk=run.pk).update(state_reason="")
    assert "Resume a run" in steps_of(client, lead), "somebody has paused it since"


def test_a_refused_import_waits_for_its_sender_until_the_file_is_sent_again(client, lead, admin_user):
    factories.make_problem()
    made = {"kind": Import.Kind.TRACES, "source": "traces.jsonl", "created_by": lead}
    refused = Import.objects.create(**made, state="refused", finished_at=timezone.now())
    assert steps_of(client, lead)["Mend an import"][1] == reverse("import_detail", args=[refused.pk])
    assert "Mend an import" not in steps_of(client, admin_user)
    Import.objects.create(**made, state="finished", finished_at=timezone.now())
    assert "Mend an import" not in steps_of(client, lead)


def test_what_failed_waits_for_a_week(client, lead):
    factories.make_problem()
    run = factories.make_run(state="failed", state_reason="No such model.", finished_at=timezone.now())
    assert steps_of(client, lead)["Look at a failed run"][0].endswith(": No such model.")
    Run.objects.filter(pk=run.pk).update(finished_at=timezone.now() - timedelta(days=8))
    assert "Look at a failed run" not in steps_of(client, lead)


def test_an_export_that_failed_is_told_to_whoever_may_export(client, lead, engineer, curator):
    trace = factories.make_trace(correctness="pass")
    submit_review(reviewer=lead, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    release = freeze_accepted(actor=lead, title="First", key=uuid.uuid4())
    Export.objects.create(
        release=release, format="full", state="failed", error="The disk is full.", finished_at=timezone.now()
    )
    for person in (lead, engineer):
        assert steps_of(client, person)["Look at a failed export"] == (
            "“First”: The disk is full.",
            reverse("release_list"),
        )
    assert "Look at a failed export" not in steps_of(client, curator)


def test_every_kind_that_waits_has_an_errand():
    assert set(ERRANDS) | {"candidates"} == set(KINDS)


def test_views_that_have_shown_everything_are_no_failures(client, lead):
    problem = factories.make_problem()
    run = factories.make_run(state="finished", planned_count=3, done_count=1, failed_count=2)
    for index, kind in enumerate(("exhausted", "timeout")):
        factories.make_attempt(run=run, problem=problem, index=index, state="failed", error_kind=kind)
    for name in ("home", "run_list"):
        client.force_login(lead)
        page = " ".join(client.get(reverse(name)).content.decode().split())
        assert "1 of 3, 1 with nothing new, 1 failed" in page


def test_trainings_scorers_and_questions_wait_for_whoever_may_do_something_about_them(client, lead, curator):
    jobs = {kind: make_job(kind) for kind in ("training", "scoring", "reverification", "segmentation", "delivery")}
    ended = {"finished_at": timezone.now(), "reason": "The disk is full."}
    type(jobs["training"]).objects.filter(pk=jobs["training"].pk).update(state="waiting")
    type(jobs["scoring"]).objects.filter(pk=jobs["scoring"].pk).update(state="failed", **ended)
    type(jobs["delivery"]).objects.filter(pk=jobs["delivery"].pk).update(state="failed", **ended)
    for kind in ("reverification", "segmentation"):
        type(jobs[kind]).objects.filter(pk=jobs[kind].pk).update(state="paused")
    queue = queue_of(lead, make_traces(1))
    flag_item(reviewer=curator, item=queue.items.get(), note="Does it count?")
    steps = steps_of(client, lead)
    address = reverse("training_detail", args=[jobs["training"].pk])
    assert steps["Say which sampler came of a training"] == (
        "“A training”: its package waits for the sampler that comes of it.",
        address,
    )
    assert steps["Look at a failed scoring"] == ("“told”: The disk is full.", reverse("job_list"))
    assert steps["Look at a failed delivery"][0] == "“A release”: The disk is full."
    pk = jobs["reverification"].pk
    assert steps["Resume a verification"] == (
        f"“verification {pk}”: its page says why.", reverse("reverification_detail", args=[pk])
    )  # fmt: skip
    assert steps["Resume a cutting into steps"][0].startswith(f"“cutting {jobs['segmentation'].pk}”")
    assert steps["Answer a reviewer"] == (f"“{queue.title}”: Does it count?", reverse("queue_list"))
    text = client.get(reverse("queue_list")).content.decode()
    assert f'{reverse("queue_detail", args=[queue.pk])}#flags-heading">1 question</a>' in text
    text = client.get(reverse("job_list"), {"state": "waiting"}).content.decode()
    assert "Waiting for its sampler</span>" in text
    assert "Waiting for review" not in text
    assert not steps_of(client, curator).keys() & {"Answer a reviewer", "Say which sampler came of a training"}
    assert "1 question" not in client.get(reverse("queue_list")).content.decode()
