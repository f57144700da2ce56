"""A broker of RabbitMQ that is killed or hangs while work goes on, and bells that are lost or come twice."""

import os
from collections import Counter

import pytest

from tests import factories
from tests.drills.processes import forgive, let_time_pass, web_server
from tests.factories import assert_counters_add_up
from tests.person import Person, redirected
from tests.rabbitmq import NEEDS_RABBITMQ, running_broker
from tests.worker import empty_queues, wait_for
from trajectories.models import PendingVerification, Run, Trace, Verdict
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.prompts.instructions import ensure_symbolic_views

pytestmark = [pytest.mark.django_db(transaction=True), NEEDS_RABBITMQ]

ROUNDS = int(os.environ.get("DRILL_ROUNDS") or 1)
"""In every other one the broker hangs instead of being killed."""
PROBLEMS, SAMPLES, IMPORTED = 3, 8, 20
"""A round is seven seconds of sampling and verifying."""
AWAY = "The broker of the queues does not answer"
LONGEST_PAGE = 20.0
"""Seconds that a page may take at most while the broker is away, on a busy machine."""


@pytest.fixture
def broker(tmp_path):
    with running_broker(tmp_path / "broker") as broker:
        yield broker


@pytest.fixture
def storm_told(broker):
    """The workers' broker; a bell is rung again after two seconds, and a worker that is lost is given up after ten."""
    return {"CELERY_BROKER_URL": broker.url, "BELL_SECONDS": "2", "LEASE_SECONDS": "10"}


@pytest.fixture
def steady(storm):
    storm.worker.include("tests.drills.worker_steady")
    return storm


def plan_work() -> Run:
    """A run, and imported traces without a verdict; no bell was rung for any of them."""
    run = factories.plan(
        sampler=factories.make_sampler(kind="mirror"), problems=[factories.make_problem() for _ in range(PROBLEMS)],
        samples_each=SAMPLES,
    )  # fmt: skip
    problem = factories.make_problem()
    traces = [factories.make_trace(problem=problem, run=None) for _ in range(IMPORTED)]
    PendingVerification.objects.bulk_create([PendingVerification(trace=trace) for trace in traces])
    empty_queues()
    let_time_pass()
    return run


def reached(run: Run) -> int:
    """How much is sampled and verified."""
    run.refresh_from_db()
    return run.done_count + run.verified_count + IMPORTED - PendingVerification.objects.filter(trace__run=None).count()


def wait_for_the_middle(run: Run) -> None:
    """Until a third is sampled and verified; fails where it was all done before something was killed."""
    all_of_it = 2 * PROBLEMS * SAMPLES + IMPORTED
    wait_for(lambda: reached(run) >= all_of_it / 3, "work to go on")
    assert reached(run) < all_of_it, "it is over before anything was killed"


def assert_each_came_out_once(run: Run) -> None:
    """As many traces as were planned, each with one verdict of each verifier, and nothing left."""
    wait_for(lambda: (run.refresh_from_db(), run.state == "finished")[1], "the end of the run")
    wait_for(lambda: not PendingVerification.objects.exists(), "every verdict")
    assert_counters_add_up(run)
    assert (run.done_count, run.verified_count) == (PROBLEMS * SAMPLES, PROBLEMS * SAMPLES)
    assert run.attempts.values("problem", "ordinal").distinct().count() == PROBLEMS * SAMPLES
    verdicts = Counter(Verdict.objects.values_list("trace", "verifier"))
    assert set(verdicts.values()) == {1}, "no trace is verified twice"
    assert {trace for trace, _ in verdicts} == set(Trace.objects.values_list("pk", flat=True)), "and none is forgotten"


@pytest.mark.long
def test_work_goes_on_after_the_broker_was_away_and_pages_say_that_it_is(broker, steady, chief, tmp_path):
    steady.start()
    with web_server(tmp_path, CELERY_BROKER_URL=broker.url) as (port, _):
        person = Person(port)
        person.enter(chief)
        assert AWAY not in person.ask("GET", "/jobs/").text
        for number in range(ROUNDS):
            run = plan_work()
            wait_for_the_middle(run)
            broker.freeze() if number % 2 else broker.kill()
            launched = assert_pages_say_so(person)
            broker.thaw() if number % 2 else broker.start()
            wait_for(lambda: AWAY not in person.ask("GET", "/jobs/").text, "the pages to say that it is back")
            wait_for(lambda: (launched.refresh_from_db(), launched.state == "finished")[1], "what was launched")  # noqa: B023
            assert launched.done_count == launched.verified_count == 1
            assert_each_came_out_once(run)


def assert_pages_say_so(person: Person) -> Run:
    """While the broker is away the list of jobs says so, and a run can be launched all the same; the run."""
    jobs = person.ask("GET", "/jobs/")
    assert (jobs.status_code, AWAY in jobs.text) == (200, True)
    ready = person.ask("GET", "/readyz")
    assert (ready.status_code, AWAY in ready.text) == (503, True)
    assert person.ask("GET", "/healthz").status_code == 200
    plan = {
        "title": "Meanwhile", "sampler": ensure_symbolic().pk, "names": factories.make_problem().name,
        "instructions": [ensure_symbolic_views()[0].pk], "samples_each": 1, "temperatures": "0",
    }  # fmt: skip
    planned = person.send("/runs/new/", **plan)
    page = redirected(planned)
    launched = Run.objects.latest("pk")
    shown = person.ask("GET", page)
    assert (page, shown.status_code, "Queued" in shown.text) == (f"/runs/{launched.pk}/", 200, True)
    assert max(answer.elapsed.total_seconds() for answer in (jobs, ready, planned, shown)) < LONGEST_PAGE
    return launched


@pytest.mark.long
def test_bells_that_are_lost_or_come_twice_lose_and_double_nothing(broker, steady):
    steady.worker.include("tests.drills.worker_twice")
    steady.start()
    thrown = 0
    for _ in range(ROUNDS):
        run = plan_work()
        wait_for_the_middle(run)
        steady.kill(beat=False)  # what they had in hand waits again
        thrown += broker.purge()
        let_time_pass()
        forgive()
        steady.start()
        assert_each_came_out_once(run)
    assert thrown, "bells were lost"
