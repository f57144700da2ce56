"""A database that is away for a while: its sessions are ended from outside, as a restart does."""

import threading

import pytest
from django.db import OperationalError, connection

from tests.endpoint import flip_endpoint, sampler_for
from tests.factories import assert_counters_add_up, make_instruction, make_problem, plan
from tests.sessions import end_all_sessions
from trajectories.models import Trace
from trajectories.services.jobs import outages
from trajectories.services.jobs.outages import patiently
from trajectories.services.runs.chat_sampling import sample_session
from trajectories.stand_ins.fake_endpoint import Behaviour

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch):
    monkeypatch.setattr(outages, "FIRST_WAIT", 0.01)


def test_what_was_asked_is_asked_again():
    answers = iter([OperationalError("gone"), OperationalError("starting"), 7])

    def act():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert patiently(act) == 7


def test_a_process_that_lost_many_idle_connections_has_a_new_one_at_once():
    """Found one after the other, with a longer wait after each, eight of them outlast the pool's patience."""
    others = [connection.copy() for _ in range(8)]
    for other in others:
        other.ensure_connection()
    for other in others:
        other.close()
    assert connection.pool.get_stats()["pool_available"] >= 8
    end_all_sessions()
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_patience_ends():
    def act():
        raise OperationalError("gone")

    with pytest.raises(OperationalError, match="gone"):
        patiently(act, seconds=0.05)


def test_a_session_whose_connections_are_cut_loses_and_doubles_nothing():
    def cut(ended):
        # As often as calls have come in, so that a slow machine gets on between two cuts.
        for calls in (5, 15, 25, 35):
            while not ended.wait(0.05) and len(endpoint.calls) < calls:
                pass
            end_all_sessions()
        connection.close()

    with flip_endpoint(Behaviour(latency=0.1)) as endpoint:
        run = plan(
            sampler=sampler_for(endpoint, concurrency=4),
            problems=[make_problem(), make_problem()],
            instructions=[make_instruction(style="program", suits="chat")],
            samples_each=20,
        )
        ended = threading.Event()
        cutter = threading.Thread(target=cut, args=(ended,))
        cutter.start()
        try:
            while sample_session(run_id=run.pk, on_traces=lambda _: None).more:
                pass
        finally:
            ended.set()
            cutter.join()
            connection.close()  # the last cut may have come after the last question
    assert_counters_add_up(run)
    assert (run.done_count, Trace.objects.filter(run=run).count()) == (40, 40)
    assert endpoint.answered == 40, "no answer was asked for twice"
