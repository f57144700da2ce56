"""Who is handed which trace."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models.functions import Now

from tests import factories
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.models import Review, ReviewLease, Trace
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.traces import TraceWalk
from trajectories.services.curation.review_leases import (
    FORGOTTEN,
    forget_leases,
    lease_next_trace,
    lease_trace,
    release_leases,
    renew_leases,
)
from trajectories.services.curation.reviews import submit_review

ACCEPT = ReviewDraft(Decision.ACCEPT)


@pytest.fixture
def traces(db):
    """Four traces of one run, in the order in which they are read."""
    run = factories.make_run()
    return [factories.make_trace(run=run) for _ in range(4)][::-1]


def take(reviewer, walk=None, **values):
    lease = lease_next_trace(reviewer=reviewer, walk=walk or TraceWalk(), sight=sight_of(reviewer), **values)
    return lease and lease.trace


def test_two_curators_on_one_list_get_different_traces(traces, curator, lead):
    assert [take(curator), take(lead), take(curator), take(lead)] == [traces[0], traces[1], traces[0], traces[1]]


def test_the_one_after_is_leased_beside_the_one_on_the_screen(traces, curator, lead):
    first = take(curator)
    assert take(curator, after=first.pk) == traces[1]
    assert ReviewLease.objects.filter(holder=curator).count() == 2
    assert take(lead) == traces[2]


def test_what_is_on_its_way_is_left_out(traces, curator):
    assert take(curator, but=[traces[0].pk, traces[1].pk]) == traces[2]


def test_a_lease_that_has_expired_is_free_at_once_and_one_that_is_renewed_is_not(traces, curator, lead):
    lease = lease_trace(reviewer=curator, trace_id=traces[0].pk)
    assert lease_trace(reviewer=lead, trace_id=traces[0].pk) is None
    ReviewLease.objects.update(expires_at=Now() - timedelta(seconds=1))
    assert renew_leases(reviewer=curator, tokens=[lease.token]) == set()
    assert lease_trace(reviewer=lead, trace_id=traces[0].pk) is None
    ReviewLease.objects.update(expires_at=Now() - timedelta(seconds=1))
    theirs = lease_trace(reviewer=lead, trace_id=traces[0].pk)
    assert theirs.token != lease.token
    assert renew_leases(reviewer=curator, tokens=[lease.token]) == {lease.token}


def test_what_is_released_is_free_at_once(traces, curator, lead):
    lease = lease_trace(reviewer=curator, trace_id=traces[0].pk)
    release_leases(reviewer=lead, tokens=[lease.token])
    assert take(lead) == traces[1]
    release_leases(reviewer=curator, tokens=[lease.token])
    assert take(lead) == traces[0]


def test_opening_a_trace_again_keeps_the_token(traces, curator):
    tokens = {lease_trace(reviewer=curator, trace_id=traces[0].pk).token for _ in range(2)}
    assert len(tokens) == 1


def test_a_decision_ends_the_lease(traces, curator, lead):
    lease_trace(reviewer=curator, trace_id=traces[0].pk)
    submit_review(reviewer=curator, trace=traces[0], draft=ACCEPT, key=uuid.uuid4())
    assert not ReviewLease.objects.exists()
    # Undecided ones come first; it comes again for a second opinion only to who is blind.
    assert take(lead) == traces[1]


def test_leases_that_expired_long_ago_are_forgotten(traces, curator):
    lease_trace(reviewer=curator, trace_id=traces[0].pk)
    lease_trace(reviewer=curator, trace_id=traces[1].pk)
    ReviewLease.objects.filter(trace=traces[0]).update(expires_at=Now() - FORGOTTEN - timedelta(minutes=1))
    assert forget_leases() == 1
    assert ReviewLease.objects.get().trace == traces[1]


@pytest.mark.django_db(transaction=True)
def test_many_curators_at_once_decide_each_trace_once():
    run, count = factories.make_run(), 24
    for _ in range(count):
        factories.make_trace(run=run)
    people = [User.objects.create_superuser(f"reviewer{number}") for number in range(4)]

    def review_all(reviewer):
        mine = []
        try:
            while (trace := take(reviewer)) is not None:
                submit_review(reviewer=reviewer, trace=trace, draft=ACCEPT, key=uuid.uuid4())
                mine.append(trace.pk)
            return mine
        finally:
            connection.close()

    with ThreadPoolExecutor(len(people)) as pool:
        seen = [pk for found in pool.map(review_all, people) for pk in found]
    assert sorted(seen) == sorted(Trace.objects.values_list("pk", flat=True))
    assert Review.objects.count() == count


@pytest.mark.django_db(transaction=True)
def test_the_last_trace_is_waited_for_where_a_verdict_is_being_stored(curator):
    """ "Nothing left" is never said of a trace whose row somebody else happens to be writing to."""
    trace = factories.make_trace()

    def look():
        try:
            return take(curator)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Trace.objects.filter(pk=trace.pk).update(correctness="pass")
            found = pool.submit(look)
            with pytest.raises(TimeoutError):
                found.result(timeout=0.5)
        assert found.result(timeout=30) == trace
