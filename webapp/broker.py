"""The queue inside the database, through kombu's PGMQ transport."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import Empty
from typing import Any

from kombu.transport import pgmq
from pgmq import PGMQueue
from psycopg import InterfaceError
from psycopg_pool import ConnectionPool

WEIGHTS = {"sweeps": 100.0, "interactive": 10.0, "starts": 10.0}
"""What a second in one of these queues counts for less than a second in another one."""
CREDIT = 5.0
"""Counted seconds by which a queue that had nothing to do for a while is ahead of the others."""

IS_THERE = """
SELECT FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND tgname = 'trigger_notify_queue_insert_listeners'
"""
"""Whether a queue has its table and tells of new messages."""


class FairShare:
    """Which queue a worker looks into next: the one that has had least of its time, among those that have a message.

    A worker without a pool does a task while the message is delivered, so how long `get` took is what the queue's
    message cost. With rounds instead, a queue of long tasks would have almost all of the time, and with strict
    priorities a flood in one queue would stop all below it.
    """

    def __init__(self, fun: Callable[..., Any], queues: Sequence[str], spent: dict[str, float]) -> None:
        self._fun, self._queues, self._spent = fun, queues, spent
        self._idle: set[str] = set()

    def get(self, callback: Callable[..., Any], **options: Any) -> Any:
        """Deliver from the first queue that has something. Raises Empty where none has."""
        for queue in sorted(self._queues, key=lambda name: self._spent.get(name, 0.0)):
            started = time.monotonic()
            try:
                answer = self._fun(queue, callback, **options)
            except Empty:
                self._idle.add(queue)
                continue
            except BaseException:
                self._charge(queue, time.monotonic() - started)
                raise
            self._charge(queue, time.monotonic() - started)
            return answer
        raise Empty

    def _charge(self, queue: str, seconds: float) -> None:
        if queue in self._idle:
            self._idle.remove(queue)
            busy = [self._spent.get(name, 0.0) for name in self._queues if name not in self._idle and name != queue]
            self._spent[queue] = max(self._spent.get(queue, 0.0), min(busy, default=0.0) - CREDIT)
        self._spent[queue] = self._spent.get(queue, 0.0) + seconds / WEIGHTS.get(queue, 1.0)

    def close(self) -> None:
        """Do nothing: it keeps nothing open."""


class Channel(pgmq.Channel):
    """Shares a worker's time between queues, makes only the queues that are not there, and gives back the place of a
    message also where the database drops the connection while it is acknowledged.

    A worker takes no more messages than it has places. Celery only logs that it could not acknowledge one, on a
    connection that the pool then replaces; the place would stay taken, and the worker would wait for ever. The message
    itself comes again when its visibility timeout ends: a bell rung twice, which finds nothing left to do.
    """

    _spent: dict[str, float]

    @property
    def pgmq(self) -> PGMQueue:
        """The queue's client. Raises psycopg.InterfaceError where the channel was closed: a bell that is rung while the
        database drops its connections then goes out by a new one. The library would raise an AttributeError, after
        which nobody tries again."""
        if self.connection is None:
            raise InterfaceError("the channel is closed")
        client: PGMQueue = super().pgmq
        return client

    def _reset_cycle(self) -> None:
        """The order in which the queues are looked into; called whenever one is added."""
        self._spent = getattr(self, "_spent", {})
        self._cycle = FairShare(self._get_bulk, self._active_queues, self._spent)  # type: ignore[assignment]

    def _new_queue(self, queue: str, **kwargs: Any) -> None:
        """Make a queue that is not there. Every process asks for its queues, and making one locks its table."""
        if not self._is_there(self._queue_name(queue)):
            super()._new_queue(queue, **kwargs)  # type: ignore[no-untyped-call]

    def _maybe_enable_notify(self, queue: str, queue_name: str | None = None) -> None:
        """Have the database tell of new messages, and listen. The library would drop the trigger and make it again each
        time: workers that start together would fall over each other, and wait for every session that has a message."""
        if not self.use_notify:
            return
        name = queue_name or self._queue_name(queue)
        if not self._is_there(name):
            with self._pool().connection() as connection:
                connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"notify {name}"])
                if not connection.execute(IS_THERE, [f"pgmq.q_{name}"]).fetchone():
                    self.pgmq.enable_notify(name, self.notify_throttle_interval_ms, conn=connection)
        self.connection._register_notify_queue(name)  # type: ignore[attr-defined]

    def _pool(self) -> ConnectionPool[Any]:
        pool = self.pgmq.pool
        assert pool is not None, "made with the client"
        return pool

    def _is_there(self, name: str) -> bool:
        with self._pool().connection() as connection:
            return connection.execute(IS_THERE, [f"pgmq.q_{name}"]).fetchone() is not None

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
