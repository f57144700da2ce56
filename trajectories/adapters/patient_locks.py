"""Locks of tables that a change of the schema needs, without keeping everybody else from the table.

Who waits for the lock of a table stands before all who come after: a change that waits for one long reader would stop
every page that reads the table for as long. So it waits for a moment only, gives way, and tries again.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.db import DatabaseError, OperationalError, connection
from psycopg.errors import LockNotAvailable

LOCK_MILLISECONDS = 2_000
"""So long a change waits for a lock, and so long at most others wait behind it."""
TRIES = 30
"""With the pauses, some three minutes: longer than what pages and tasks do takes."""
LONGEST_PAUSE = 5.0
"""Seconds between two tries, at most."""


class LockedOutError(Exception):
    """A lock could not be had in all tries."""


@contextmanager
def short_waits() -> Iterator[None]:
    """Statements of the session wait for locks for a moment only in here; afterwards as the server has it."""
    _let_wait(LOCK_MILLISECONDS)
    try:
        with connection.execute_wrapper(_each_as_it_needs):
            yield
    finally:
        # A connection that has gone takes what was set along with it.
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")


def _each_as_it_needs(execute: Callable[..., Any], sql: Any, params: Any, many: Any, context: Any) -> Any:
    """What is made concurrently waits as long as it takes: it keeps nobody from reading and writing, and waits for all
    who are older than itself."""
    if "CONCURRENTLY" not in str(sql):
        return execute(sql, params, many, context)
    _let_wait(0)
    result = execute(sql, params, many, context)
    _let_wait(LOCK_MILLISECONDS)
    return result


def _let_wait(milliseconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {milliseconds}")


def try_patiently(change: Callable[[], object], say: Callable[[str], object]) -> None:
    """Make a change that may be begun again until each lock was to be had; `say` is told the first time that one was
    not. Raises LockedOutError with one sentence after TRIES."""
    for number in range(1, TRIES + 1):
        try:
            with short_waits():
                change()
            return
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
        if number == 1:
            say(f"  Somebody else uses a table; trying again up to {TRIES} times. {oldest_transaction()}")
        if number < TRIES:
            time.sleep(min(LONGEST_PAUSE, 0.5 * number))
    raise LockedOutError(
        f"Found a table in use by others in all {TRIES} tries of {LOCK_MILLISECONDS / 1000:g} seconds, expected its "
        f"lock. {oldest_transaction()} What was done before is kept: stop what is at work, and run this again."
    )


def oldest_transaction() -> str:
    """A sentence about the oldest transaction of others in this database, empty where there is none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid, extract(epoch FROM clock_timestamp() - xact_start)::int, state FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
            " ORDER BY xact_start LIMIT 1"
        )
        found = cursor.fetchone()
    if found is None:
        return ""
    return f"The oldest transaction is that of server process {found[0]}: {found[1]} s, {found[2]}."
