from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from tests.endpoint import flip_endpoint, sampler_for
from trajectories.models import SamplerGate
from trajectories.services.endpoints.rate_limits import hold, is_held, lock_gate, reserve, settle

PER_MINUTE = 60
BURST = PER_MINUTE // 60 * 3


def sampler(**values):
    return sampler_for(flip_endpoint(), **values)


def let_pass(seconds):
    SamplerGate.objects.update(filled_at=F("filled_at") - timedelta(seconds=seconds))


def test_without_limits_nothing_waits_and_nothing_is_written(db):
    assert reserve(sampler=sampler(), tokens=10**9) == 0
    assert not SamplerGate.objects.exists()


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
    gate, now = lock_gate(held.pk)
    assert is_held(gate, now)
    assert gate.held_until > now + timedelta(seconds=500)
    SamplerGate.objects.update(held_until=Now())
    assert not is_held(*lock_gate(held.pk))


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
