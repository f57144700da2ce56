"""Sessions of the test database, ended from outside as a restart of the server does."""

from django.db import connection

from tests.worker import wait_for

END = """
SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


def end_all_sessions() -> int:
    """Have the server close every other connection to the test database; how many there were.

    Returns once they are gone: a session that has been told to end may still take a statement and lose it.
    """
    with connection.cursor() as cursor:
        cursor.execute(END)
        pids = [row[0] for row in cursor.fetchall()]
        wait_for(lambda: not _among(cursor, pids), "every session to end")
    return len(pids)


def _among(cursor, pids: list[int]) -> bool:
    cursor.execute("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = ANY(%s))", [pids])
    return cursor.fetchone()[0]
