"""The page of all jobs: what is listed for whom, page by page, and what can be done from there."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from tests import factories
from tests.jobs import MAKERS, make_job
from trajectories.models import JOB_KINDS, AuditEvent, Import, Reverification, Run
from trajectories.selectors.jobs import list_jobs, read_job_key

pytestmark = pytest.mark.django_db


def page_of(client, user, query="", **headers) -> str:
    client.force_login(user)
    return client.get(f"{reverse('job_list')}{query}", headers=headers).content.decode()


def one_of_each():
    return {kind: make_job(kind) for kind in MAKERS}


def test_an_empty_list_says_what_will_be_there_and_how_to_begin(client, lead, curator):
    page = page_of(client, lead)
    assert "No jobs yet" in page
    named = " ".join(page.split())
    assert "Runs, model judges, " in named
    for kind in JOB_KINDS.values():
        assert kind.plural.lower() in named[named.index("Runs, model judges") :].partition("appear here")[0].lower()
    assert reverse("run_new") in page
    assert reverse("run_new") not in page_of(client, curator)
    assert "No such job" in page_of(client, lead, "?state=failed")
    assert "No such job" in page_of(client, lead, "?kind=nothing")


def test_jobs_of_every_kind_are_listed_with_a_link_to_each(client, lead):
    jobs = one_of_each()
    page = page_of(client, lead)
    for kind, job in jobs.items():
        assert f'id="{kind}-{job.pk}"' in page
        assert JOB_KINDS[kind].address(job.pk) in page


def test_nobody_reads_of_jobs_that_they_may_not_see(client, curator, nobody):
    jobs = one_of_each()
    page = page_of(client, curator)
    hidden = {kind for kind, each in JOB_KINDS.items() if not curator.has_perms(each.permissions)}
    assert hidden >= {"delivery", "export", "freezing", "import"}
    for kind, job in jobs.items():
        assert (f'id="{kind}-{job.pk}"' in page) is (kind not in hidden), kind
    assert "job_steer" not in page
    assert '<form method="post" action="/jobs/' not in page, "a curator steers nothing"
    client.force_login(nobody)
    assert client.get(reverse("job_list")).status_code == 403


def test_the_list_is_in_the_navigation_of_who_may_see_it(client, lead, nobody):
    client.force_login(lead)
    assert '<a href="/jobs/">Jobs</a>' in client.get(reverse("run_list")).content.decode()
    client.force_login(nobody)
    assert '"/jobs/"' not in client.get(reverse("home")).content.decode()


@pytest.mark.parametrize("kind", MAKERS)
def test_a_kind_can_be_chosen(client, lead, kind):
    jobs = one_of_each()
    page = page_of(client, lead, f"?kind={kind}")
    assert [each for each, job in jobs.items() if f'id="{each}-{job.pk}"' in page] == [kind]


@pytest.mark.parametrize(
    ("word", "state"),
    [("active", "queued"), ("active", "running"), ("paused", "paused"), ("finished", "finished"), ("failed", "failed")],
)
def test_a_state_can_be_chosen(client, lead, word, state):
    wanted, other = factories.make_run(state=state), factories.make_run(state="cancelled")
    page = page_of(client, lead, f"?state={word}")
    assert f'id="run-{wanted.pk}"' in page
    assert f'id="run-{other.pk}"' not in page


def test_pages_go_on_by_place_without_losing_or_repeating_a_job_of_the_same_moment():
    """All are of one moment, so that only kind and id tell them apart."""
    moment = timezone.now()
    for kind in (*MAKERS, *MAKERS, *MAKERS):
        make_job(kind)
    for reading in JOB_KINDS.values():
        reading.model.objects.update(created_at=moment)
    there = {(kind, pk) for kind, each in JOB_KINDS.items() for pk in each.model.objects.values_list("pk", flat=True)}
    later = factories.make_run()
    Run.objects.filter(pk=later.pk).update(created_at=moment + timedelta(seconds=1))
    pages, page = [], list_jobs(JOB_KINDS, size=4)
    while True:
        pages.append([(row.kind, row.job.pk) for row in page.rows])
        if page.next is None:
            break
        page = list_jobs(JOB_KINDS, size=4, before=read_job_key(str(page.next)))
    listed = [row for each in pages for row in each]
    assert listed[0] == ("run", later.pk)
    assert len(listed) == len(set(listed))
    assert set(listed) == there | {("run", later.pk)}
    back = list_jobs(JOB_KINDS, size=4, after=page.previous)
    assert [(row.kind, row.job.pk) for row in back.rows] == pages[-2]


@pytest.mark.parametrize("text", ["", "0", "1-run", "1-nothing-2", "x-run-1", f"{'9' * 40}-run-1", "1-run-1\n"])
def test_a_place_that_is_none_counts_for_nothing(text):
    assert read_job_key(text) is None


def test_queries_do_not_grow_with_jobs(client, lead, django_assert_num_queries):
    # What waits is asked once more where a test before has made a queue of bells in this database.
    expected = 9 + len(JOB_KINDS) + queues_are_made()
    factories.make_worker()
    one_of_each()
    client.force_login(lead)
    client.get(reverse("job_list"))
    with django_assert_num_queries(expected):
        client.get(reverse("job_list"))
    for _ in range(3):
        one_of_each()
    factories.make_worker()
    with django_assert_num_queries(expected):
        client.get(reverse("job_list"))


def queues_are_made() -> bool:
    names = (*settings.WORKER_QUEUES, *settings.FILE_QUEUES, *settings.TRAINING_QUEUES)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'pgmq' AND tablename = ANY(%s)",
            [[f"q_{name}" for name in names]],
        )
        return cursor.fetchone()[0] > 0


def test_what_was_spent_is_shown_against_the_budget(client, lead):
    job = make_job("judge_job")
    job.cost, job.budget_cost, job.budget_tokens = 1.5, 20, 9000
    job.input_tokens, job.output_tokens = 1000, 234
    job.save()
    page = " ".join(page_of(client, lead).split())
    assert "$1.50" in page
    assert "of $20.00" in page
    assert "1,234 of 9,000 tokens" in page


def test_why_a_job_failed_stands_beside_it_and_among_the_last_errors(client, lead):
    factories.make_run(state="failed", state_reason="<Every> attempt failed.", finished_at=timezone.now())
    factories.make_run(state="paused", state_reason="The budget is spent.")
    factories.make_run(state="paused", title="Somebody paused it")
    page = page_of(client, lead)
    assert page.count("&lt;Every&gt; attempt failed.") >= 2
    trouble = page[page.index('id="trouble-heading"') : page.index('id="workers-heading"')]
    assert "The budget is spent." in trouble
    assert "Somebody paused it" not in trouble


def test_a_refused_import_says_what_was_wrong_first(client, lead):
    faults = [["a.jsonl", "line 3", "found <nothing>, expected a response"], ["a.jsonl", "line 9", "found 7"]]
    Import.objects.create(kind="traces", source="a.jsonl", state="refused", fault_count=2, faults=faults)
    page = page_of(client, lead)
    trouble = page[page.index('id="trouble-heading"') : page.index('id="workers-heading"')]
    assert "a.jsonl: line 3: found &lt;nothing&gt;, expected a response" in trouble
    assert "line 9" not in trouble
    assert "says no more" not in trouble
    row = page[page.index('class="job-progress"') : page.index('id="trouble-heading"')]
    assert "–" not in row[: row.index("</td>")]


def test_what_is_finished_has_no_bar_that_says_it_is_not(client, lead):
    factories.make_run(state="finished", title="All drawn", planned_count=3, done_count=3)
    made = make_job("freezing")
    type(made).objects.filter(pk=made.pk).update(state="finished", done_count=66, total_count=178)
    page = page_of(client, lead)
    assert "66 of 178 traces" in page
    assert 'aria-label="66 of 178 traces"' not in page
    assert 'aria-label="3 of 3 samples"' in page


def test_a_search_that_has_shown_all_it_found_has_not_failed(client, lead):
    run = factories.make_run(state="running", planned_count=3, failed_count=3)
    factories.make_attempt(run=run, state="failed", error_kind="exhausted", error_message="Found 2 views.")
    factories.make_attempt(run=run, state="failed", error_kind="exhausted", error_message="Found 2 views.")
    words = " ".join(page_of(client, lead).split())
    assert "1 failed" in words
    assert "3 of 3 samples, 2 with nothing left to draw" in words
    assert "Found 2 views." not in words


def test_an_attempt_that_failed_is_an_example(client, lead):
    run = factories.make_run(state="running", planned_count=2, failed_count=1)
    factories.make_attempt(run=run, state="failed", error_kind="timeout", error_message="Nothing came in 60 s.")
    assert 'title="Nothing came in 60 s."' in page_of(client, lead)


def test_workers_and_queues_are_shown(client, lead):
    factories.make_worker(name="quick worker", task="trajectories.sweep", task_started_at=timezone.now())
    factories.make_worker(name="worker 2", silent=True)
    factories.make_worker(name="training worker", trainers="embedded trl", serves_models=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pgmq.create('verification')")
        cursor.execute("SELECT pgmq.send('verification', '{}'), pgmq.send('verification', '{}', 600)")
        cursor.execute("UPDATE pgmq.q_verification SET enqueued_at = now() - interval '2 minutes'")
    page = page_of(client, lead)
    assert "2 workers alive, 1 silent." in page
    assert "can do: Embedded learner, Fine-tuning with trl, samples of local models" in page
    assert page.count("can do:") == 1
    assert "Quick worker" in page
    assert ">sweep<" in page
    row = page[page.index('id="queue-verification"') :].partition("</tr>")[0]
    assert '<td class="num">1</td>' in row
    assert "2 min" in row


def test_the_scheduler_is_shown_beside_the_workers(client, lead):
    assert 'id="scheduler"' not in page_of(client, lead), "nobody is there who could hear it"
    factories.make_worker(started_at=timezone.now() - timedelta(minutes=5))
    page = page_of(client, lead)
    assert "The scheduler has never rung. Until it does" in " ".join(page.split())
    factories.make_ring(seconds=1)
    page = page_of(client, lead)
    assert "The scheduler has" not in page
    row = page[page.index('id="scheduler"') :].partition("</tr>")[0]
    assert "second" in row
    assert "Silent" not in row
    factories.make_ring(seconds=120)
    page = page_of(client, lead)
    assert "not rung since 20" in page
    assert "1 worker alive. The scheduler is silent." in page
    assert "Silent" in page[page.index('id="scheduler"') :].partition("</tr>")[0]


def test_a_start_after_a_night_makes_no_scheduler_silent(client, lead):
    """Workers that have just come have not waited for it yet."""
    factories.make_ring(seconds=36_000)
    factories.make_worker()
    assert "not rung since" not in page_of(client, lead)


def test_a_poll_gets_the_live_part_alone(client, lead):
    make_job("run")
    fragment = page_of(client, lead, "?kind=run", **{"hx-request": "true"})
    assert "<html" not in fragment
    assert 'hx-get="/jobs/?kind=run"' in fragment


def test_a_job_is_steered_and_the_list_stays_where_it_was(client, lead):
    job = make_job("reverification")
    client.force_login(lead)
    address = reverse("job_steer", args=["reverification", job.pk, "pause"])
    answer = client.post(f"{address}?kind=reverification&state=active&other=1")
    assert answer["Location"] == "/jobs/?kind=reverification&state=active"
    job.refresh_from_db()
    assert job.state == "paused"
    answer = client.post(f"{address}?then=page", follow=True)
    assert answer.redirect_chain == [(reverse("reverification_detail", args=[job.pk]), 302)]
    assert "The job is paused already." in answer.content.decode()


def test_only_a_post_steers(client, lead):
    job = make_job("run")
    client.force_login(lead)
    assert client.get(reverse("job_steer", args=["run", job.pk, "pause"])).status_code == 405


@pytest.mark.parametrize(
    ("kind", "verb", "status"),
    [("run", "pause", 404), ("nothing", "pause", 404), ("run", "delete", 404), ("import", "resume", 404)],
)
def test_what_is_not_there_cannot_be_steered(client, lead, kind, verb, status):
    client.force_login(lead)
    assert client.post(reverse("job_steer", args=[kind, 10**9, verb])).status_code == status


def test_who_may_look_but_not_steer_is_told_what_is_missing(client, curator):
    job = make_job("reverification")
    client.force_login(curator)
    answer = client.post(reverse("job_steer", args=["reverification", job.pk, "cancel"]))
    assert answer.status_code == 403
    assert "(trajectories.add_reverification), which the role lead has." in answer.content.decode()
    assert Reverification.objects.get().state == "queued"
    assert not AuditEvent.objects.filter(verb="reverification.cancelled").exists()


def test_an_import_needs_the_permission_for_what_it_imports(client, nobody):
    job = make_job("import")
    nobody.user_permissions.set(Permission.objects.filter(codename__in=["view_run", "view_import", "add_trace"]))
    client.force_login(nobody)
    address = reverse("job_steer", args=["import", job.pk, "cancel"])
    assert client.post(address).status_code == 403, "it imports problems"
    nobody.user_permissions.add(Permission.objects.get(codename="add_problem"))
    assert client.post(address).status_code == 302


def test_every_kind_of_job_is_made_by_a_test():
    assert set(MAKERS) == set(JOB_KINDS)


@pytest.mark.parametrize("kind", MAKERS)
def test_every_kind_has_the_indexes_that_the_list_reads_by(kind):
    """With few rows the database reads the table; without that choice it takes an index, where there is one."""
    reading = JOB_KINDS[kind]
    rows = reading.model.objects
    newest = rows.order_by("-created_at", "-pk").values_list("pk")[:51]
    trouble = rows.filter(state__in=("failed", "refused")).order_by("-created_at", "-pk").values_list("pk")[:5]
    unfinished = rows.filter(state__in=("queued", "running", "paused")).order_by().values_list("state")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        for asked, index in ((newest, "newest"), (trouble, "trouble"), (unfinished, "unfinished")):
            sql, parameters = asked.query.sql_with_params()
            cursor.execute(f"EXPLAIN {sql}", parameters)
            assert f"{kind}_{index}" in "".join(line for (line,) in cursor.fetchall())
