"""Reading rows ahead: the database reads the next ones while those before are worked on."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from types import TracebackType
from typing import Any, Self

from django.db import connection
from psycopg import ClientCursor, OperationalError
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus

Rows = list[tuple[Any, ...]]
Values = Sequence[Any] | Mapping[str, Any]


class RowsAhead:
    """Fetches the next rows in a second thread while the caller works on the last ones, on the caller's connection and
    in its transaction.

    Another statement on that connection waits until the rows are there, and so does leaving the `with` block. Memory
    holds two batches at once: the one that is worked on and the one that is fetched.
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
        raw = self._raw
        if not raw.autocommit and raw.pgconn.transaction_status == TransactionStatus.IDLE:
            raw.execute("SELECT 1")  # begins the transaction
        with raw.lock:
            found = raw.pgconn.exec_(ClientCursor(raw).mogrify(statement, values).encode())
        if found.status != ExecStatus.TUPLES_OK:
            # Where the connection is lost no server says what has failed, and the error would be of no kind.
            is_lost = raw.pgconn.status == ConnStatus.BAD
            raise OperationalError(raw.pgconn.get_error_message()) if is_lost else error_from_result(found)
        reader = Transformer.from_context(raw)
        reader.set_pgresult(found)
        return reader.load_rows(0, found.ntuples, tuple)

    @staticmethod
    def _wait(reading: Future[Rows]) -> Rows:
        with connection.wrap_database_errors:
            return reading.result()
