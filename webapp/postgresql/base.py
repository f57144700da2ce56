"""Django's PostgreSQL, with a pool that is well again at once when the server has closed every connection."""

from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool


class DatabaseWrapper(base.DatabaseWrapper):
    """Checks each connection that it takes out of the pool.

    The pool's own check finds broken ones one by one and waits longer after each: 1, 2, 4, 8 seconds. After a restart
    of the server a process that had five idle connections would wait until it gives up.
    """

    def get_new_connection(self, conn_params: dict[str, Any]) -> psycopg.Connection[Any]:
        """A connection that works; where one has broken, all of the pool's that have are replaced with it."""
        connection: psycopg.Connection[Any] = super().get_new_connection(conn_params)
        pool: ConnectionPool[Any] | None = self.pool
        if pool is None:
            return connection
        try:
            pool.check_connection(connection)
        except psycopg.OperationalError:
            pool.putconn(connection)
            pool.check()
            connection = super().get_new_connection(conn_params)
        return connection
