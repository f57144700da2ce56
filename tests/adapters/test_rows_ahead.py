"""Rows that are read in a second thread: as a cursor gives them, with its errors, in the transaction of the caller."""

import json
import os
import socket

import pytest
from django.db import DatabaseError, OperationalError, ProgrammingError, connection, transaction

from tests import factories
from trajectories.adapters.rows_ahead import RowsAhead
from trajectories.models import Problem

STATEMENT = """
SELECT n, n::text || 'ß\u2028' AS text, n * 1.5::float8, n %% 2 = 0, NULLIF(n, 2), %(word)s || n, '{"a": [1]}'::jsonb,
    now(), ARRAY[n]
FROM generate_series(1, %(most)s) n
"""
VALUES = {"word": "it's 100%", "most": 3}


@pytest.mark.django_db
def test_rows_are_what_a_cursor_gives():
    with RowsAhead() as ahead:
        both = [ahead.read(STATEMENT, VALUES), ahead.read("SELECT 1 WHERE false", [])]
        ahead_rows, none = (read() for read in both)
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, VALUES)
        rows = list(cursor.fetchall())
    assert len(rows) == 3
    assert rows[1][:6] == (2, "2ß\u2028", 3.0, True, None, "it's 100%2")
    assert [row[:6] + row[7:] for row in ahead_rows] == [row[:6] + row[7:] for row in rows]
    assert [_read(row[6]) for row in ahead_rows] == [{"a": [1]}] * 3
    assert none == []


def _read(value):
    return json.loads(value) if isinstance(value, str) else value


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("statement", "error"), [("SELECT 1 FROM nowhere", ProgrammingError), ("SELECT 1/0", DatabaseError)]
)
def test_what_the_database_refuses_is_an_error_of_django_where_it_is_waited_for(statement, error):
    with RowsAhead() as ahead:
        with pytest.raises(error, match=r"nowhere|division by zero"), transaction.atomic():
            ahead.read(statement, [])()
        assert ahead.read("SELECT 1", [])() == [(1,)]


@pytest.mark.django_db(transaction=True)
def test_a_lost_connection_is_told_as_one_so_that_whoever_works_waits_for_another():
    with RowsAhead() as ahead:
        assert ahead.read("SELECT 1", [])() == [(1,)]
        lost = socket.socket(fileno=os.dup(connection.connection.fileno()))
        lost.shutdown(socket.SHUT_RDWR)
        lost.close()
        with pytest.raises(OperationalError, match="closed the connection"):
            ahead.read("SELECT 1", [])()
    connection.close()
    with RowsAhead() as ahead:
        assert ahead.read("SELECT 1", [])() == [(1,)]


@pytest.mark.django_db(transaction=True)
def test_what_is_read_first_begins_the_transaction():
    problem = factories.make_problem()
    with transaction.atomic(), RowsAhead() as ahead:
        [[before]] = ahead.read("SELECT pg_current_xact_id()::text", [])()
        Problem.objects.filter(pk=problem.pk).update(name="changed")
        [[name]] = ahead.read("SELECT name FROM trajectories_problem WHERE id = %s", [problem.pk])()
        [[after]] = ahead.read("SELECT pg_current_xact_id()::text", [])()
        assert (name, before) == ("changed", after)
        transaction.set_rollback(True)
    problem.refresh_from_db()
    assert problem.name != "changed"
