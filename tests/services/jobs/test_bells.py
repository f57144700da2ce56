from datetime import timedelta

import pytest
from django.db.models import F

from trajectories.models import Bell
from trajectories.services.jobs import bells
from trajectories.services.jobs.bells import Ticket, answer, keep, lease_time, put_away, ring, ring_on

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def ring_for(source: int = 7, count: int = 1) -> list[Ticket]:
    return ring(kind=bells.VERIFICATION, source=source, bells=count)


def let_time_pass() -> None:
    Bell.objects.update(rung_at=F("rung_at") - HOUR, lease_expires_at=F("lease_expires_at") - HOUR)


def test_however_often_it_is_rung_only_so_many_bells_are_out():
    first = ring_for(count=3)
    assert [ticket.slot for ticket in first] == [0, 1, 2]
    assert [ring_for(count=3) for _ in range(100)] == [[]] * 100
    assert [ticket.slot for ticket in ring_for(count=4)] == [3]
    assert Bell.objects.count() == 4


def test_each_source_and_kind_has_bells_of_its_own():
    ring_for(7)
    assert len(ring_for(8)) == 1
    assert len(ring(kind=bells.SAMPLING, source=7, bells=1)) == 1


def test_one_worker_answers_a_bell():
    (ticket,) = ring_for()
    assert answer(ticket)
    assert not answer(ticket), "a copy of the message, while somebody is at it"


def test_a_bell_that_is_rung_on_is_another_message():
    (ticket,) = ring_for()
    answer(ticket)
    again = ring_on(ticket)
    assert again is not None
    assert again != ticket
    assert not answer(ticket), "an old copy"
    assert answer(again)
    assert Bell.objects.count() == 1


def test_a_bell_put_away_can_be_rung_anew():
    (ticket,) = ring_for()
    answer(ticket)
    put_away(ticket)
    assert not answer(ticket)
    (another,) = ring_for()
    assert answer(another)


def test_a_lost_message_is_sent_again_as_it_was():
    (ticket,) = ring_for()
    assert ring_for() == []
    let_time_pass()
    assert ring_for() == [ticket]
    assert ring_for() == [], "rung just now"
    assert answer(ticket), "whichever copy comes first"
    assert not answer(ticket)


def test_the_bell_of_a_lost_worker_is_sent_again_and_that_of_a_busy_one_is_not():
    (ticket,) = ring_for()
    answer(ticket)
    Bell.objects.update(rung_at=F("rung_at") - HOUR)
    assert ring_for() == [], "somebody is at it"
    Bell.objects.update(lease_expires_at=F("lease_expires_at") - HOUR)
    assert ring_for() == [ticket]


def test_of_two_workers_at_one_bell_only_one_rings_on():
    (ticket,) = ring_for()
    assert answer(ticket)
    let_time_pass()
    assert answer(ticket), "the first one seemed lost"
    assert ring_on(ticket) is not None
    assert ring_on(ticket) is None
    put_away(ticket)
    assert Bell.objects.count() == 1, "the one who lost it cannot put it away either"


def test_keeping_a_bell_extends_its_answer():
    (ticket,) = ring_for()
    answer(ticket)
    before = Bell.objects.get().lease_expires_at
    Bell.objects.update(lease_expires_at=F("lease_expires_at") - lease_time() / 2)
    keep(ticket)
    assert Bell.objects.get().lease_expires_at >= before


def test_a_ticket_survives_the_queue():
    (ticket,) = ring_for()
    assert Ticket.read(*ticket.words()) == ticket
