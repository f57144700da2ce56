"""Bells and leases that jobs share."""

import logging
import threading

import pytest
from django.db import transaction

from trajectories.services.jobs import ringers
from trajectories.services.jobs.heartbeats import KeptLease
from trajectories.services.jobs.ringers import connect_bell, ring


@pytest.fixture
def heard(monkeypatch):
    monkeypatch.setattr(ringers, "_ringers", dict(ringers._ringers))
    rung = []
    connect_bell("test", lambda *arguments: rung.append(arguments))
    return rung


@pytest.mark.django_db(transaction=True)
def test_a_bell_is_rung_once_the_work_is_stored(heard):
    with transaction.atomic():
        ring("test", 7, 8)
        assert heard == []
    assert heard == [(7, 8)]


@pytest.mark.django_db(transaction=True)
def test_a_bell_for_what_was_not_stored_is_not_rung(heard):
    with transaction.atomic():
        ring("test", 7)
        transaction.set_rollback(True)
    assert heard == []


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_does_not_undo_what_was_stored(heard, caplog):
    def away(_):
        raise OSError("no broker")

    connect_bell("test", away)
    with caplog.at_level(logging.ERROR), transaction.atomic():
        ring("test", 7)
    assert "no broker" in caplog.text


def test_nobody_can_ring_for_what_nothing_hears(heard):
    with pytest.raises(KeyError):
        ring("nothing", 7)


@pytest.mark.parametrize("name", ["export", "freezing", "import", "verification"])
def test_every_bell_that_services_ring_is_heard(name):
    assert callable(ringers._ringers[name])


def test_a_lease_is_renewed_until_the_work_is_done():
    renewed = threading.Event()
    beats = []

    def renew() -> bool:
        beats.append(None)
        renewed.set()
        return len(beats) < 2

    with KeptLease(renew, 0.01) as kept:
        assert renewed.wait(10)
        while not kept.lost:
            renewed.wait(0.01)
    ended = len(beats)
    assert ended >= 2
    assert not kept._thread.is_alive()
