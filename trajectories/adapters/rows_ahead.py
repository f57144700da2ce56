"""Reading rows ahead: the database reads the next ones while those before are worked on."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from types import TracebackType
from typing import Any, Self

from django.db import connection

Rows = list[tuple[Any, ...]]
Values = Sequence[Any] | Mapping[str, Any]


class RowsAhead:
    """Runs statements on the connection, and in the transaction, of the thread that uses it, from a thread of its own.

    Whoever else asks something of the connection meanwhile waits until the statement has its rows; on leaving, so does
    this. Rows that are read ahead are in memory beside those that are worked on.
    """

    def __enter__(self) -> Self:
        connection.cursor().close()  # names mean the tables of the project that acts from now on
        self._raw = connection.connection
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="rows-ahead")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def read(self, statement: str, values: Values) -> Callable[[], Rows]:
        """Begin to read; what is returned waits for the rows and gives them. Raises django.db.Error there."""
        return partial(self._wait, self._pool.submit(self._run, statement, values))

    def _run(self, statement: str, values: Values) -> Rows:
        with self._raw.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall())

    @staticmethod
    def _wait(reading: Future[Rows]) -> Rows:
        with connection.wrap_database_errors:
            return reading.result()
