"""Locks that several rooms take, in one order: turns first, then the run's row, then attempts or assignments, then
traces and problems.

That one order keeps the counters exact and the transactions free of deadlocks.
"""

from django.db import connection

from trajectories.core.identity import derive_seed
from trajectories.models import Run


def take_turn(*what: object) -> None:
    """Hold the lock of this name until the transaction ends; others who ask for the same name wait for it.

    A form that is sent several times at once is so one form sent several times in a row: `take_turn("form", key)`.
    Take turns before rows are locked, so that the order of locks is always the same.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [derive_seed(*map(str, what))])


def try_turn(*what: object) -> bool:
    """Take the turn of `take_turn` where nobody has it now; whether it was taken."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [derive_seed(*map(str, what))])
        return bool(cursor.fetchone()[0])


def one_writer_at_a_time(what: str) -> None:
    """Hold a lock until the transaction ends, so that two writers cannot wait for each other in a circle.

    Only workers and commands take it, and only to write: reading and checking come before.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [derive_seed(what)])


def lock_run(run_id: int) -> Run:
    """The run, its row locked until the transaction ends; new rows may still refer to it. Raises Run.DoesNotExist."""
    # The plan can be long, and hardly anybody who holds the row reads it.
    return Run.objects.select_for_update(no_key=True).defer("plan").get(pk=run_id)


def hold_run(run_id: int) -> None:
    """Lock the run's row as `lock_run` does, without reading it. Raises Run.DoesNotExist."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM trajectories_run WHERE id = %s FOR NO KEY UPDATE", [run_id])
        if cursor.fetchone() is None:
            raise Run.DoesNotExist(f"There is no run {run_id}.")
