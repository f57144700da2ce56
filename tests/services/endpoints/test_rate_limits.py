from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from tests.endpoint import flip_endpoint, sampler_for
from tests.factories import make_sampler
from tests.projects import another_project
from trajectories.adapters.acting import acting_in
from trajectories.models import EndpointGate
from trajectories.services.endpoints.rate_limits import hold, is_held, lock_gate, reserve, settle

PER_MINUTE = 60
BURST = PER_MINUTE // 60 * 3


def sampler(**values):
    return sampler_for(flip_endpoint(), **values)


def let_pass(seconds):
    EndpointGate.objects.update(filled_at=F("filled_at") - timedelta(seconds=seconds))


def test_without_limits_nothing_waits_and_nothing_is_written(db):
    assert reserve(sampler=sampler(), tokens=10**9) == 0
    assert not EndpointGate.objects.exists()


def test_a_burst_goes_at_once_and_what_follows_waits_in_turn(db):
    limited = sampler(requests_per_minute=PER_MINUTE)
    waits = [reserve(sampler=limited, tokens=1) for _ in range(BURST + 5)]
    assert all(wait == 0 for wait in waits[:BURST])
    later = waits[BURST:]
    assert later == sorted(later)
    assert 3 < later[-1] <= 5


def test_the_bucket_fills_with_time_and_no_further_than_its_brim(db):
    limited = sampler(requests_per_minute=PER_MINUTE)
    for _ in range(BURST):
        reserve(sampler=limited, tokens=1)
    let_pass(3600)
    assert sum(reserve(sampler=limited, tokens=1) == 0 for _ in range(2 * BURST)) in (BURST, BURST + 1, BURST + 2)


def test_tokens_are_counted_as_requests_are_and_corrected_afterwards(db):
    limited = sampler(tokens_per_minute=60_000)
    assert reserve(sampler=limited, tokens=3_000) == 0
    assert 0.2 < reserve(sampler=limited, tokens=1_000) <= 1.0
    settle(sampler=limited, tokens=-1_000)
    assert reserve(sampler=limited, tokens=0) <= 0.1


def test_a_request_larger_than_the_bucket_waits_and_is_not_refused(db):
    assert reserve(sampler=sampler(tokens_per_minute=6_000), tokens=6_000) == pytest.approx(57, abs=1)


def test_a_hold_shuts_the_gate_with_its_reason_and_is_not_shortened(db):
    held = sampler()
    hold(sampler=held, seconds=600, reason="Asked too often.")
    hold(sampler=held, seconds=5, reason="Asked too often again.")
    gate, now = lock_gate(held)
    assert is_held(gate, now)
    assert gate.held_until > now + timedelta(seconds=500)
    EndpointGate.objects.update(held_until=Now())
    assert not is_held(*lock_gate(held))


@pytest.mark.django_db(transaction=True)
def test_two_workers_share_one_limit():
    limited = sampler(requests_per_minute=PER_MINUTE)

    def ask(_):
        try:
            return [reserve(sampler=limited, tokens=1) for _ in range(BURST)]
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        waits = [wait for found in pool.map(ask, range(2)) for wait in found]
    free = sum(wait == 0 for wait in waits)
    seconds = max(waits)
    assert free >= BURST, "nobody waits while there is room"
    # What was sent or promised by the last one's turn is the burst and what the time since the first one adds.
    assert len(waits) <= BURST + PER_MINUTE / 60 * (seconds + 20)
    assert len({round(wait, 6) for wait in waits if wait}) == len(waits) - free, "each has a turn of its own"


def test_projects_that_call_the_same_share_one_limit(db):
    """The same address, key and model; another key or model has a limit of its own."""
    project = another_project()
    limits = {"requests_per_minute": PER_MINUTE}
    endpoint = flip_endpoint()
    mine = sampler_for(endpoint, **limits)
    for _ in range(BURST):
        assert reserve(sampler=mine, tokens=1) == 0
    with acting_in(project.pk):
        theirs = sampler_for(endpoint, **limits)
        assert theirs.parameters["base_url"] == mine.parameters["base_url"]
        assert reserve(sampler=theirs, tokens=1) > 0
        hold(sampler=theirs, seconds=600, reason="Asked too often.")
        other = sampler_for(endpoint, model="another", **limits)
        assert reserve(sampler=other, tokens=1) == 0
        assert not is_held(*lock_gate(other))
    assert is_held(*lock_gate(mine))
    assert EndpointGate.objects.count() == 2


def test_samplers_without_an_endpoint_have_gates_of_their_own(db):
    project = another_project()
    mine = make_sampler(kind="local")
    with acting_in(project.pk):
        theirs = make_sampler(kind="local", pk=mine.pk)
        hold(sampler=theirs, seconds=600, reason="Busy.")
    assert not is_held(*lock_gate(mine))
