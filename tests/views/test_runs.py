from datetime import timedelta

import pytest
from django.urls import reverse

from tests.factories import make_problem, make_run, make_spend_wait, make_trace, make_worker, plan
from tests.jobs import steering
from tests.pages import squeezed
from tests.samplers import SAMPLERS
from trajectories.models import Run
from trajectories.services.runs.embedded_sampling import sample_next_batch
from trajectories.services.verification.queue import verify_traces

FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def run(lead):
    """Three problems, the first sampled and verified."""
    run = plan(actor=lead, title="Three tasks", problems=[make_problem() for _ in range(3)], samples_each=4)
    report = sample_next_batch(run_id=run.pk, samplers=SAMPLERS)
    verify_traces(trace_ids=report.trace_ids)
    run.refresh_from_db()
    return run


def page(client, user, run, **query):
    client.force_login(user)
    return client.get(reverse("run_detail", args=[run.pk]), query)


def test_the_list_shows_newest_first_with_progress_and_correct_share(client, curator, run):
    newer = make_run(title="Newer", state="finished")
    client.force_login(curator)
    text = squeezed(client.get(reverse("run_list")))
    assert text.index("Newer") < text.index("Three tasks")
    assert "4 of 12" in text
    assert "50%" in text
    assert "lena" in text
    assert reverse("run_detail", args=[newer.pk]) in text


def test_the_list_asks_the_same_number_of_queries_however_long_it_is(client, curator, django_assert_num_queries):
    client.force_login(curator)
    for _ in range(2):
        for _ in range(10):
            make_run()
        with django_assert_num_queries(5):  # session, user, permissions, runs and how many
            client.get(reverse("run_list"))


def test_the_list_is_filtered_and_paged_by_key(client, curator):
    runs = [make_run(state="finished" if number % 2 else "running") for number in range(105)]
    client.force_login(curator)
    first = client.get(reverse("run_list"), {"state": "active"}).context["page"]
    assert [row.pk for row in first.rows] == [run.pk for run in runs[::-1] if run.state == "running"][:50]
    assert first.previous is None
    second = client.get(reverse("run_list"), {"state": "active", "before": first.next}).context["page"]
    assert [row.pk for row in second.rows] == [run.pk for run in runs if run.state == "running"][:3][::-1]
    assert second.next is None
    back = client.get(reverse("run_list"), {"state": "active", "after": second.previous}).context["page"]
    assert [row.pk for row in back.rows] == [row.pk for row in first.rows]


@pytest.mark.parametrize("query", [{"state": "x\0"}, {"before": "x"}, {"before": "9" * 40}, {"after": "-1"}])
def test_the_list_survives_any_address(client, curator, query):
    make_run()
    client.force_login(curator)
    assert client.get(reverse("run_list"), query).status_code == 200


def test_an_empty_list_says_what_to_do_next_to_those_who_may(client, curator, lead):
    client.force_login(lead)
    assert reverse("run_new") in squeezed(client.get(reverse("run_list")))
    client.force_login(curator)
    text = squeezed(client.get(reverse("run_list")))
    assert "A lead can start one" in text
    assert reverse("run_new") not in text


def test_the_page_shows_counts_outcomes_problems_and_the_plan(client, curator, run):
    text = squeezed(page(client, curator, run))
    assert "Three tasks" in text
    assert "of 12 planned" in text
    assert 'aria-label="2 right, 2 wrong"' in text
    assert "50%" in text
    for attempt in run.attempts.select_related("problem"):
        assert attempt.problem.name in text
    assert str(run.seed) in text


def test_the_page_polls_only_while_something_can_change(client, curator, run):
    assert "every 2s" in squeezed(page(client, curator, run))
    Run.objects.filter(pk=run.pk).update(state="cancelled")
    assert "every 2s" not in squeezed(page(client, curator, run))
    Run.objects.filter(pk=run.pk).update(verified_count=3)
    assert "every 2s" in squeezed(page(client, curator, run)), "one trace awaits its verdicts"


def test_a_run_that_waits_for_a_daily_limit_looks_now_and_then_and_leads_to_the_limits(client, lead, curator, run):
    reason = "The daily limit of all jobs, $1.00, has $0 left."
    Run.objects.filter(pk=run.pk).update(state="paused", state_reason=reason)
    run.refresh_from_db()
    make_spend_wait(run)
    for person, is_led in ((lead, True), (curator, False)):
        client.force_login(person)
        page = squeezed(client.get(reverse("run_detail", args=[run.pk])))
        assert "every 20s" in page, "it goes on by itself, and the page says so then"
        assert "every 6s" not in page
        assert (f'href="{reverse("spending")}">Look at the daily limits' in page) is is_led


def test_the_live_part_comes_alone_and_brings_controls_only_when_the_state_changed(client, curator, run):
    client.force_login(curator)
    address = reverse("run_detail", args=[run.pk])
    same = squeezed(client.get(address, {"part": "live", "state": "running"}, headers=FRAGMENT))
    assert same.startswith('<section id="live"')
    assert 'id="latest"' in same
    assert 'id="controls"' not in same
    changed = squeezed(client.get(address, {"part": "live", "state": "queued"}, headers=FRAGMENT))
    assert 'id="controls"' in changed
    whole = client.get(address, {"part": "live"}, headers={**FRAGMENT, "HX-History-Restore-Request": "true"})
    assert squeezed(whole).lstrip().startswith("<!doctype html>")
    assert "HX-Request" in whole["Vary"]


def test_an_ended_run_shows_how_long_it_took_and_its_average_pace(client, curator, run):
    start = run.created_at
    Run.objects.filter(pk=run.pk).update(
        state="finished", started_at=start, finished_at=start + timedelta(seconds=120), done_count=30, verified_count=30
    )
    text = squeezed(page(client, curator, run))
    assert "15<small>samples a minute, on average</small>" in text
    assert '<dd class="figure-span">2 min' in text


def test_failures_are_shown_by_kind_with_a_message(client, curator, run):
    pending = run.attempts.filter(state="pending")
    pending.update(state="failed", error_kind="exhausted", error_message="<b>all</b> drawn")
    Run.objects.filter(pk=run.pk).update(failed_count=8)
    text = squeezed(page(client, curator, run))
    assert "nothing left to draw</a>" in text
    assert "<dt>Nothing new</dt><dd>8<small>" in text
    assert "<dt>Failed</dt><dd>0<small>" in text
    assert "&lt;b&gt;all&lt;/b&gt; drawn" in text
    assert "8 attempts without a sample" in text


def test_the_page_asks_the_same_number_of_queries_however_large_the_run_is(
    client, curator, run, django_assert_max_num_queries
):
    client.force_login(curator)
    for _ in range(3):
        report = sample_next_batch(run_id=run.pk, samplers=SAMPLERS)
        verify_traces(trace_ids=report.trace_ids)
        with django_assert_max_num_queries(17):
            client.get(reverse("run_detail", args=[run.pk]))


def test_the_problems_of_a_run_are_paged_by_key(client, curator):
    problems = [make_problem() for _ in range(30)]
    run = plan(problems=problems, samples_each=1)
    first = page(client, curator, run).context["page"]
    assert [row.problem for row in first.rows] == problems[:25]
    assert [(row.planned, row.drawn) for row in first.rows] == [(1, 0)] * 25
    second = page(client, curator, run, after=first.next).context["page"]
    assert [row.problem for row in second.rows] == problems[25:]
    assert second.next is None


def test_a_trace_of_another_run_is_not_counted(client, curator, run):
    problem = run.attempts.last().problem
    make_trace(problem=problem, correctness="pass")
    rows = page(client, curator, run).context["page"].rows
    assert next(row.drawn for row in rows if row.problem == problem) == 0


def test_an_unknown_run_is_404_and_a_person_without_a_role_is_refused(client, curator, nobody, run):
    client.force_login(curator)
    assert client.get(reverse("run_detail", args=[run.pk + 1])).status_code == 404
    client.force_login(nobody)
    for address in (reverse("run_list"), reverse("run_detail", args=[run.pk]), reverse("run_new")):
        assert client.get(address).status_code == 403


def test_buttons_are_shown_to_those_who_may_press_them(client, curator, lead, run):
    assert steering("run", run, "pause") in squeezed(page(client, lead, run))
    assert steering("run", run, "pause") not in squeezed(page(client, curator, run))


def test_a_run_under_way_says_that_no_worker_is_alive(client, curator, run):
    make_worker(silent=True)
    assert "No worker is alive, since" in squeezed(page(client, curator, run))
    make_worker()
    assert "Worker 1 on here has been silent since" in squeezed(page(client, curator, run))
    Run.objects.filter(pk=run.pk).update(state="finished")
    assert "silent since" not in squeezed(page(client, curator, run)), "it needs nobody"


def test_the_latest_traces_of_questions_show_their_answers(client, curator):
    run = make_run()
    make_trace(problem=make_problem(kind="numeric", spec={}, reference="4"), run=run, answer="41", program="")
    text = squeezed(page(client, curator, run))
    latest = text[text.index('id="latest"') :]
    assert '<code class="answer-box">41</code>' in latest
    assert "no grid" not in latest
