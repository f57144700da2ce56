"""Django's PostgreSQL, with a pool that is well again at once when the server has closed every connection, with cursors
that may be left half way, and with every statement in the schema of the project that acts."""

from collections.abc import Callable
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import register_tzloader
from psycopg.client_cursor import ClientCursorMixin
from psycopg.pq import Format, TransactionStatus
from psycopg_pool import ConnectionPool

from trajectories.adapters.acting import FIRST, SHARED_SCHEMA, acting_project, carried, schema_of
from webapp.postgresql.breaker import Breaker

FACES = "faces_project"
"""The attribute of psycopg's connection that says whose tables its names mean; absent for the first project's."""
TIMESTAMPTZ = psycopg.adapters.types["timestamptz"].oid


class ChunkedCursor(ClientCursorMixin[Any], psycopg.ServerCursor[Any]):
    """A cursor of the server's that may be thrown away at any moment, by the garbage collector too."""

    def close(self) -> None:
        """Close the cursor, unless its connection is at work: then the server closes it with the transaction.

        An iterator that was left half way, in a cycle of garbage, is collected whenever Python likes, also while the
        same thread waits for a query on the same connection. That thread holds the connection's lock already, and would
        wait for itself for ever.
        """
        if not self._conn.lock.locked():
            super().close()


_breaker = Breaker()
"""One for the process: it has one database."""


class DatabaseWrapper(base.DatabaseWrapper):
    """Checks each connection that it takes out of the pool.

    The pool's own check finds broken ones one by one and waits longer after each: 1, 2, 4, 8 seconds. After a restart
    of the server a process that had five idle connections would wait until it gives up.

    With FAILS_FAST in the settings, as in web servers, whoever finds the database away saves the others the wait.
    """

    def get_new_connection(self, conn_params: dict[str, Any]) -> psycopg.Connection[Any]:
        """A connection that works; where one has broken, all of the pool's that have are replaced with it.

        Raises psycopg.OperationalError when there is none within the pool's time limit.
        """
        pool = self.settings_dict["OPTIONS"]["pool"]  # False for a passing connection, which nobody else waits for
        if not pool or not self.settings_dict.get("FAILS_FAST"):
            return self._working_connection(conn_params)
        with _breaker.watch(pool["timeout"]):
            if _breaker.is_away:
                self._knock(conn_params)
            return self._working_connection(conn_params)

    def create_cursor(self, name: str | None = None) -> Any:
        """A cursor of Django's, in the schema of the project that acts; one with a name, for rows that come in chunks,
        is a ChunkedCursor."""
        self._face(acting_project())
        if name is None:
            return super().create_cursor()
        held = self.connection.autocommit
        cursor = ChunkedCursor(self.connection, name=name, scrollable=False, withhold=held)
        # As Django has it: its time zone, where the connection has another.
        loader: Any = self.connection.adapters.get_loader(TIMESTAMPTZ, Format.TEXT)
        if self.timezone != loader.timezone:
            register_tzloader(self.timezone, cursor)
        return cursor

    def on_commit(self, func: Callable[[], object], robust: bool = False) -> None:
        """Do something once the transaction is committed, in the project that acts now, whichever acts by then."""
        super().on_commit(carried(func), robust=robust)

    def _face(self, project: int) -> None:
        """Have names of tables mean those of a project. Costs a statement where the connection has last meant others,
        and none in an installation of one project.

        Which project a connection means is kept with psycopg's connection, as the pool hands it from one to the next.
        """
        raw: Any = self.connection
        # In a transaction that has failed the one statement that is taken rolls back, whatever names mean.
        if getattr(raw, FACES, FIRST) != project and raw.info.transaction_status != TransactionStatus.INERROR:
            schema = schema_of(project)
            raw.execute(f"SET search_path TO {schema}, {SHARED_SCHEMA}" if project != FIRST else "RESET search_path")
            setattr(raw, FACES, project)

    def _forget_face(self) -> None:
        """What a transaction that is rolled back has set is as it was before: nobody knows how."""
        if hasattr(self.connection, FACES):
            setattr(self.connection, FACES, None)

    def _rollback(self) -> None:
        self._forget_face()
        super()._rollback()  # type: ignore[misc]

    def _savepoint_rollback(self, sid: str) -> None:
        self._forget_face()
        super()._savepoint_rollback(sid)  # type: ignore[misc]

    def _close(self) -> None:
        self._forget_face()  # a pool rolls back what was left open
        super()._close()  # type: ignore[misc]

    def _working_connection(self, conn_params: dict[str, Any]) -> psycopg.Connection[Any]:
        connection: psycopg.Connection[Any] = super().get_new_connection(conn_params)
        pool: ConnectionPool[Any] | None = self.pool
        if pool is None:
            return connection
        try:
            pool.check_connection(connection)
        except psycopg.OperationalError:
            pool.putconn(connection)
            if self.settings_dict.get("FAILS_FAST"):
                self._knock(conn_params)
            pool.check()
            connection = super().get_new_connection(conn_params)
        return connection

    def _knock(self, conn_params: dict[str, Any]) -> None:
        """Raise psycopg.OperationalError where no new connection can be made.

        A server that is down refuses at once, while the pool would let its caller wait in the hope of a later try.
        """
        psycopg.connect(**conn_params).close()
