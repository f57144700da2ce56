import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from tests.factories import assert_counters_add_up, make_attempt, make_problem, plan
from trajectories.core.records import SampleFailure
from trajectories.models import Attempt
from trajectories.services.runs.attempts import (
    ALONE_AFTER,
    BATCH_LIMIT,
    MAX_CLAIMS,
    claim_batch,
    fail_attempt,
    has_claimable,
    has_pending,
    newest_attempt,
    renew_lease,
    requeue_expired,
    return_batch,
)
from trajectories.services.runs.lifecycle import cancel_run, pause_run


def lose_worker(batch):
    """As if the worker had been killed and its lease run out."""
    Attempt.objects.filter(lease_token=batch.token).update(lease_expires_at=Now() - timedelta(seconds=1))


def test_a_claim_takes_one_problem_and_the_next_claim_another(db):
    problems = [make_problem(), make_problem()]
    run = plan(problems=problems, samples_each=3)
    first, second = claim_batch(run_id=run.pk), claim_batch(run_id=run.pk)
    assert [attempt.problem for attempt in first.attempts] == [problems[0]] * 3
    assert [attempt.problem for attempt in second.attempts] == [problems[1]] * 3
    assert first.token != second.token
    assert claim_batch(run_id=run.pk) is None
    run.refresh_from_db()
    assert run.state == "running"
    assert run.started_at is not None


def test_a_problem_somebody_works_on_is_left_alone_until_its_lease_ends(problem):
    run = plan(problems=[problem], samples_each=3)
    first = claim_batch(run_id=run.pk, limit=2)
    assert len(first.attempts) == 2
    assert claim_batch(run_id=run.pk) is None
    lose_worker(first)
    assert len(claim_batch(run_id=run.pk).attempts) == 1


def test_a_batch_is_bounded(problem):
    run = plan(problems=[problem], samples_each=BATCH_LIMIT + 1)
    assert len(claim_batch(run_id=run.pk).attempts) == BATCH_LIMIT


def test_an_expired_lease_is_queued_again(db):
    run = plan()
    batch = claim_batch(run_id=run.pk)
    assert requeue_expired() == [], "the lease is live"
    lose_worker(batch)
    assert requeue_expired() == [run.pk]
    assert set(run.attempts.values_list("state", "claims")) == {("pending", 1)}
    assert len(claim_batch(run_id=run.pk).attempts) == 2


def test_an_attempt_that_kills_its_workers_ends_alone_and_failed(db):
    run = plan(samples_each=2)
    for _ in range(ALONE_AFTER):
        batch = claim_batch(run_id=run.pk)
        assert len(batch.attempts) == 2
        lose_worker(batch)
        requeue_expired()
    poison = claim_batch(run_id=run.pk)
    assert len(poison.attempts) == 1, "an attempt lost that often drags no others down"
    for _ in range(MAX_CLAIMS - ALONE_AFTER):
        lose_worker(poison)
        requeue_expired()
        poison = claim_batch(run_id=run.pk) or poison
    failed = run.attempts.get(state="failed")
    assert (failed.error_kind, failed.claims) == ("crashed", MAX_CLAIMS)
    assert "worker was lost 5 times" in failed.error_message
    assert_counters_add_up(run)


def test_returned_work_counts_as_never_claimed(db):
    run = plan()
    batch = claim_batch(run_id=run.pk)
    assert return_batch(lease_token=batch.token) == 2
    assert return_batch(lease_token=batch.token) == 0
    assert set(run.attempts.values_list("state", "claims", "lease_token")) == {("pending", 0, None)}
    assert has_pending(run_id=run.pk)


def test_a_heartbeat_extends_the_lease_until_the_work_is_not_wanted(lead):
    run = plan()
    batch = claim_batch(run_id=run.pk)
    soon = Now() + timedelta(seconds=1)
    run.attempts.update(lease_expires_at=soon)
    assert renew_lease(run_id=run.pk, lease_token=batch.token)
    assert not run.attempts.filter(lease_expires_at__lt=Now() + timedelta(seconds=30)).exists()
    pause_run(actor=lead, run=run)
    assert not renew_lease(run_id=run.pk, lease_token=batch.token)
    cancel_run(actor=lead, run=run)
    assert not renew_lease(run_id=run.pk, lease_token=batch.token)


def test_a_failure_is_kept_as_data(db):
    run = plan(samples_each=1)
    batch = claim_batch(run_id=run.pk)
    failure = SampleFailure("search", "no program\0 was found")
    assert fail_attempt(attempt=batch.attempts[0], lease_token=batch.token, failure=failure)
    assert not fail_attempt(attempt=batch.attempts[0], lease_token=batch.token, failure=failure), "only once"
    kept = run.attempts.get()
    assert (kept.state, kept.error_kind, kept.error_message) == ("failed", "search", "no program\ufffd was found")
    assert_counters_add_up(run)


def test_a_retryable_failure_goes_back_until_it_was_tried_too_often(db):
    run = plan(samples_each=1)
    failure = SampleFailure("busy", "try again", retryable=True)
    for _ in range(MAX_CLAIMS):
        assert run.attempts.get().state == "pending"
        batch = claim_batch(run_id=run.pk)
        assert fail_attempt(attempt=batch.attempts[0], lease_token=batch.token, failure=failure)
    assert run.attempts.get().state == "failed"
    assert_counters_add_up(run)


@pytest.mark.django_db(transaction=True)
def test_many_workers_claim_every_attempt_exactly_once():
    run = plan(problems=[make_problem() for _ in range(6)], samples_each=5)
    claimed, barrier, guard = [], threading.Barrier(8), threading.Lock()

    def work():
        try:
            barrier.wait()
            while batch := claim_batch(run_id=run.pk, limit=3):
                assert len({attempt.problem_id for attempt in batch.attempts}) == 1
                with guard:
                    claimed.extend(attempt.pk for attempt in batch.attempts)
                Attempt.objects.filter(lease_token=batch.token).update(state="done", lease_token=None)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(run.attempts.values_list("pk", flat=True))
    assert set(run.attempts.values_list("claims", flat=True)) == {1}


def test_what_was_planned_while_a_bell_was_out_is_seen_once_more(db):
    """A model's run may have reasons to leave what there was; a round that was planned meanwhile is no such thing."""
    run = plan()
    assert has_claimable(run_id=run.pk)
    newest = newest_attempt(run_id=run.pk)
    assert not has_claimable(run_id=run.pk, after=newest)
    make_attempt(run=run, problem=make_problem(), round=2, kind="revision", state="pending")
    assert has_claimable(run_id=run.pk, after=newest)
