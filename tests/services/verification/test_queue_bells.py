"""The bells of verification: how few there are, and that they go on until nothing is left."""

import pytest

from tests.factories import make_problem, make_trace, plan
from tests.samplers import SAMPLERS
from tests.services.verification.test_queue import Watcher, waiting_traces
from trajectories.models import Bell, PendingVerification, Verdict
from trajectories.services.jobs import bells
from trajectories.services.runs.embedded_sampling import sample_next_batch
from trajectories.services.verification import queue
from trajectories.services.verification.queue import BELLS_PER_SOURCE, NO_RUN, TRACES_PER_BELL, bells_of, verify_for

pytestmark = pytest.mark.django_db

QUICK = {"watcher": Watcher()}


def verify(ticket, *, verifiers=QUICK, seconds=600.0):
    """As a worker does, with time enough on a busy machine."""
    return verify_for(ticket=ticket, verifiers=verifiers, seconds=seconds)


def sampled():
    run = plan(samples_each=2)
    sample_next_batch(run_id=run.pk, samplers=SAMPLERS)
    return run


def test_however_many_traces_wait_only_a_few_bells_are_rung():
    few, many = waiting_traces(TRACES_PER_BELL), waiting_traces(BELLS_PER_SOURCE * TRACES_PER_BELL * 3)
    assert [ticket.slot for ticket in bells_of(few)] == [0]
    assert [ticket.slot for ticket in bells_of(many)] == list(range(1, BELLS_PER_SOURCE))
    assert bells_of([*few, *many]) == []


def test_ids_are_looked_up_some_at_a_time(monkeypatch):
    monkeypatch.setattr(queue, "IDS_AT_ONCE", 10)
    assert len(bells_of(waiting_traces(TRACES_PER_BELL + 1))) == 2


def test_each_run_has_bells_of_its_own_and_so_have_imported_traces():
    runs = [sampled(), sampled()]
    ids = [trace.pk for run in runs for trace in run.traces.all()]
    tickets = bells_of([*ids, *waiting_traces(3)])
    assert [(ticket.kind, ticket.source) for ticket in tickets] == [
        (bells.VERIFICATION, source) for source in (NO_RUN, *(run.pk for run in runs))
    ]


def test_a_bell_goes_on_until_nothing_waits_and_is_put_away():
    ids = waiting_traces(2 * TRACES_PER_BELL + 1)
    (ticket, *_) = bells_of(ids[:1])
    assert verify(ticket) == []
    assert not PendingVerification.objects.exists()
    assert Verdict.objects.filter(verifier="watcher").count() == len(ids)
    assert not Bell.objects.exists()


def test_a_bell_is_for_the_traces_of_its_source():
    run, imported = sampled(), waiting_traces(2)
    (ticket,) = bells_of([trace.pk for trace in run.traces.all()])
    verify(ticket)
    assert set(PendingVerification.objects.values_list("pk", flat=True)) == set(imported)


def test_when_its_time_is_over_it_rings_on_for_the_rest():
    ids = waiting_traces(TRACES_PER_BELL + 1)
    (ticket, *_) = bells_of(ids)
    (again,) = verify(ticket, seconds=0.0)
    assert PendingVerification.objects.count() == len(ids), "it had no time at all"
    assert again.slot == ticket.slot
    assert again.token != ticket.token
    assert verify(ticket) == [], "an old copy does nothing"
    assert PendingVerification.objects.exists()
    assert verify(again) == []
    assert not PendingVerification.objects.exists()


def test_what_comes_while_a_bell_is_put_away_is_rung_for(monkeypatch):
    (ticket,) = bells_of(waiting_traces(1))
    late = []

    def put_away(found):
        if not late:
            late.extend(waiting_traces(1))
            assert bells_of(late) == [], "whoever stores it finds the bell out"
        bells.put_away(found)

    monkeypatch.setattr(queue, "put_away", put_away)
    (another,) = verify(ticket)
    assert verify(another) == []
    assert not PendingVerification.objects.exists()


def test_a_bell_that_somebody_answers_is_not_answered_again():
    problem = make_problem()
    trace = make_trace(problem=problem, run=None)
    PendingVerification.objects.create(trace=trace)
    (ticket,) = bells_of([trace.pk])
    inner = []
    watcher = Watcher(act=lambda: inner.append(verify(ticket)))
    verify(ticket, verifiers={"watcher": watcher})
    assert inner == [[]]
    assert Verdict.objects.filter(verifier="watcher").count() == 1


def test_what_is_not_begun_in_time_is_given_back_as_if_never_claimed():
    ids = waiting_traces(4)
    assert queue.verify_traces(trace_ids=ids, verifiers=QUICK, until=0.0) == 1, "one in any case"
    left = PendingVerification.objects.order_by("pk")
    assert [(row.pk, row.lease_expires_at, row.claims) for row in left] == [(pk, None, 0) for pk in ids[1:]]
    assert queue.verify_traces(trace_ids=ids, verifiers=QUICK) == 3
