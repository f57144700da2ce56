"""Waiting for one's turn: what must not happen twice at the same time, where no row is there to be locked yet."""

from django.db import connection

from trajectories.core.identity import derive_seed


def take_turn(*what: object) -> None:
    """Hold a lock on what the words name until the transaction ends; whoever names the same waits for it.

    A form that is sent several times at once is so one form sent several times in a row: `take_turn("form", key)`.
    Take turns before rows are locked, so that the order of locks is always the same.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [derive_seed(*map(str, what))])
