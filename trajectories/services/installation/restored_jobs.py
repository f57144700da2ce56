"""Jobs of a restored installation: they stand still until somebody lets them go on, as their original may run still."""

from collections.abc import Iterator
from datetime import datetime

from django.db import connection
from psycopg.sql import SQL, Identifier

from trajectories.models import JOB_KINDS, SpendWait
from trajectories.models.job_kinds import ACTIVE, PAUSE, PAUSED, JobKind

COLUMNS = """
SELECT table_schema, table_name, array_agg(column_name::text) FROM information_schema.columns
WHERE table_name = ANY(%s) GROUP BY 1, 2 ORDER BY 1, 2
"""
PAUSING = SQL("UPDATE {table} SET state = %(paused)s{told} WHERE state = ANY(%(active)s)")


def pause_restored(made_at: datetime) -> int:
    """Pause what was under way in a backup that was made then, in every project; returns how many jobs that were.

    Jobs that a daily limit has paused wait for somebody too. The tables may be those of an earlier version, so that
    this is done by their names. Call it in a transaction.
    """
    paused = 0
    told_at = f"{made_at:%Y-%m-%d %H:%M} UTC"
    reason = f"Restored from the backup of {told_at}. Resume it unless the original still runs and goes on with it."
    given: dict[str, str | list[str]] = {"paused": PAUSED, "reason": reason, "active": list(ACTIVE)}
    with connection.cursor() as cursor:
        for schema, kind, columns in _tables():
            reasoned = SQL(", {} = %(reason)s").format(Identifier(kind.reason_field))
            told = reasoned if kind.reason_field in columns else SQL("")
            jobs = Identifier(schema, kind.model._meta.db_table)
            cursor.execute(PAUSING.format(table=jobs, told=told), given)
            paused += cursor.rowcount
        for schema, table, _ in _columns([SpendWait._meta.db_table]):
            cursor.execute(SQL("DELETE FROM {}").format(Identifier(schema, table)))
    return paused


def _tables() -> Iterator[tuple[str, JobKind, set[str]]]:
    """(schema, kind, columns) of each table of jobs that can be paused."""
    kinds = {kind.model._meta.db_table: kind for kind in JOB_KINDS.values() if PAUSE in kind.moves}
    for schema, table, columns in _columns(list(kinds)):
        yield schema, kinds[table], columns


def _columns(tables: list[str]) -> list[tuple[str, str, set[str]]]:
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS, [tables])
        return [(schema, table, set(columns)) for schema, table, columns in cursor.fetchall()]
