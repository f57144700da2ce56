"""Surviving a database that is away for a while: what was asked of it is asked again."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

import psycopg
from django.db import InterfaceError, OperationalError, connection

logger = logging.getLogger(__name__)

T = TypeVar("T")
OUTAGE_SECONDS = 300.0
FIRST_WAIT, LONGEST_WAIT = 0.2, 3.0
AWAY_STATES = ("08", "57P01", "57P02", "57P03", "53300")
"""SQLSTATEs, or how they begin, of a connection that broke, a server that stops or starts, and one that is full."""


def patiently(act: Callable[[], T], *, seconds: float = OUTAGE_SECONDS) -> T:
    """What `act` returns, tried again for so long while the database is away; raises what it raised last after that.

    `act` is done whole or not at all, and may be done twice: the answer to its commit can be lost with the connection.
    Not for use within a transaction.
    """
    until, wait = time.monotonic() + seconds, FIRST_WAIT
    while True:
        try:
            return act()
        except (OperationalError, InterfaceError) as fault:
            connection.close()
            if time.monotonic() + wait > until:
                raise
            logger.warning("The database did not answer; trying again in %.1f s: %s", wait, fault)
        time.sleep(wait)
        wait = min(2 * wait, LONGEST_WAIT)


def is_away(error: BaseException | None) -> bool:
    """Whether an error, or one that it was raised from, says that the database cannot be talked to at all."""
    while error is not None:
        if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            return error.sqlstate is None or error.sqlstate.startswith(AWAY_STATES)
        error = error.__cause__ or error.__context__
    return False
