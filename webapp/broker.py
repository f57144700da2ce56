"""The queue inside the database, through kombu's PGMQ transport."""

from collections.abc import Iterator
from contextlib import contextmanager

from kombu.transport import pgmq


class Channel(pgmq.Channel):
    """Gives the place of a message back also where the database drops the connection while it is acknowledged.

    A worker takes no more messages than it has places. Celery only logs that it could not acknowledge one, on a
    connection that the pool then replaces; the place would stay taken, and the worker would wait for ever. The message
    itself comes again when its visibility timeout ends: a bell rung twice, which finds nothing left to do.
    """

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        """Delete the message. Raises psycopg.OperationalError where the database does not take it."""
        with self._place_given_back(delivery_tag):
            super().basic_ack(delivery_tag, multiple=multiple)  # type: ignore[no-untyped-call]

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Delete the message, or show it again now. Raises psycopg.OperationalError as above."""
        with self._place_given_back(delivery_tag):
            super().basic_reject(delivery_tag, requeue=requeue)  # type: ignore[no-untyped-call]

    @contextmanager
    def _place_given_back(self, delivery_tag: str) -> Iterator[None]:
        try:
            yield
        except Exception:
            self.qos.ack(delivery_tag)
            raise


class Transport(pgmq.Transport):
    """PGMQ with these channels."""

    Channel = Channel
