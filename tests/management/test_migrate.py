"""`manage.py migrate` beside an installation at work: it waits for a moment, gives way, and tries again."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from threading import Timer

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from tests.dumps import column_of
from trajectories.adapters import patient_locks

BEFORE, CHANGE = "0116", "0117_generations_go_on"
TABLE = "trajectories_generation"
"""A migration that changes a table, and the table."""

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def reader() -> Iterator[psycopg.Connection]:
    """Somebody who reads the table, and has not ended their transaction."""
    given = connection.get_connection_params()
    own = {name: given[name] for name in ("host", "port", "user", "password", "dbname") if name in given}
    with psycopg.connect(**own) as held:
        held.execute(f"SELECT count(*) FROM {TABLE}")
        yield held


@contextmanager
def brought_back() -> Iterator[None]:
    """The database of the tests is as it was afterwards."""
    try:
        yield
    finally:
        call_command("migrate", verbosity=0)


def is_applied() -> bool:
    return CHANGE in column_of("SELECT name FROM django_migrations WHERE app = 'trajectories'")


def test_a_table_that_stays_in_use_is_one_sentence_and_nothing_of_the_migration_is_done(reader, monkeypatch):
    monkeypatch.setattr(patient_locks, "LOCK_MILLISECONDS", 50)
    monkeypatch.setattr(patient_locks, "TRIES", 3)
    pauses = []
    monkeypatch.setattr(patient_locks.time, "sleep", pauses.append)
    said = StringIO()
    with brought_back():
        with pytest.raises(CommandError) as refused:
            call_command("migrate", "trajectories", BEFORE, stdout=said)
        assert is_applied(), "it is undone as a whole or not at all"
        reader.rollback()
    assert "Found a table in use by others in all 3 tries of 0.05 seconds, expected its lock." in str(refused.value)
    assert f"that of server process {reader.info.backend_pid}:" in str(refused.value)
    assert "idle in transaction" in str(refused.value)
    assert said.getvalue().count("Somebody else uses a table; trying again up to 3 times.") == 1
    assert pauses == [0.5, 1.0]


def test_it_goes_on_as_soon_as_the_table_is_free(reader, monkeypatch):
    monkeypatch.setattr(patient_locks, "LOCK_MILLISECONDS", 50)
    monkeypatch.setattr(patient_locks.time, "sleep", lambda _: reader.rollback())
    with brought_back():
        call_command("migrate", "trajectories", BEFORE, verbosity=0)
        assert not is_applied()
    assert is_applied()


def test_sessions_wait_for_locks_as_before_once_it_is_done(reader):
    reader.rollback()
    call_command("migrate", verbosity=0)
    assert column_of("SHOW lock_timeout") == ["0"]


def test_what_is_made_concurrently_waits_for_who_is_older(reader, monkeypatch):
    """It stands in nobody's way, and would never be made beside work that always has one transaction open."""
    monkeypatch.setattr(patient_locks, "LOCK_MILLISECONDS", 50)
    reader.rollback()
    reader.execute(f"LOCK TABLE {TABLE} IN ROW EXCLUSIVE MODE")
    freed = Timer(1.0, reader.rollback)
    freed.start()
    with patient_locks.short_waits(), connection.cursor() as cursor:
        cursor.execute(f"CREATE INDEX CONCURRENTLY tried ON {TABLE} (number)")
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("50ms",)
        cursor.execute("DROP INDEX tried")
    freed.join()


def test_another_error_is_no_matter_of_locks():
    def broken() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    try:
        with pytest.raises(OperationalError, match="terminating connection"):
            patient_locks.try_patiently(broken, lambda _: None)
    finally:
        connection.close()
