from django.urls import reverse

from tests import factories


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
    problem.correct_count, problem.accepted_count = 2, 1
    problem.save()
    client.force_login(lead)
    response = client.get(reverse("home"))
    loop = response.context["loop"]
    assert (loop.problems, loop.samples, loop.verified, loop.correct, loop.accepted) == (1, 3, 3, 2, 1)
    assert loop.waiting == 2
    assert loop.has_unreleased
    titles = [step.title for step in response.context["steps"]]
    assert titles == ["Judge traces", "Freeze a release", "Start a run"]


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
    with django_assert_num_queries(13):
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
