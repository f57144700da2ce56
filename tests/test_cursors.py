"""Rows that are read in chunks, by an iterator that is left half way."""

import threading

import pytest
from django.db import connection

from tests import factories
from trajectories.models import Problem

pytestmark = pytest.mark.django_db


def half_read():
    rows = Problem.objects.order_by("pk").iterator(chunk_size=1)
    assert next(rows)
    return rows


def test_one_that_is_collected_while_its_connection_is_at_work_waits_for_nobody():
    factories.make_problem()
    factories.make_problem()
    rows = half_read()

    def collect():
        with connection_of_the_test.lock:
            rows.close()

    connection_of_the_test = connection.connection
    # In a thread, so that what would wait for ever fails.
    thread = threading.Thread(target=collect, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    assert Problem.objects.count() == 2


def test_one_that_is_left_at_another_time_is_closed_at_once():
    factories.make_problem()
    factories.make_problem()
    rows = half_read()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_cursors")
        assert cursor.fetchone() == (1,)
        rows.close()
        cursor.execute("SELECT count(*) FROM pg_cursors")
        assert cursor.fetchone() == (0,)


def test_times_in_chunks_are_those_of_whole_lists():
    problem = factories.make_problem()
    (row,) = Problem.objects.values_list("created_at").iterator(chunk_size=1)
    assert row[0] == Problem.objects.get(pk=problem.pk).created_at
    assert row[0].utcoffset() == Problem.objects.get(pk=problem.pk).created_at.utcoffset()
