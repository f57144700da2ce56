"""Looking into the queues without taking anything out of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from kombu import Connection
from kombu.exceptions import KombuError, OperationalError
from psycopg import sql

ANSWER_SECONDS = 2


class BrokerAwayError(RuntimeError):
    """The broker does not answer; the message is for people."""


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """A queue: messages that wait, and those that a worker has in hand (None where the broker does not tell).

    `oldest_seconds` is how long the message that waits longest has waited; None where none does, or nobody can tell.
    """

    name: str
    waiting: int
    in_hand: int | None = None
    oldest_seconds: float | None = None


COUNT = """
SELECT {name} AS name, count(*) FILTER (WHERE vt <= clock_timestamp()), count(*) FILTER (WHERE vt > clock_timestamp()),
  extract(epoch FROM clock_timestamp() - min(enqueued_at) FILTER (WHERE vt <= clock_timestamp()))::float8
FROM {table}
"""


def ask_database(names: Sequence[str]) -> list[QueueDepth]:
    """The queues of these names that are in this database, in this order. A queue that nobody has used is empty."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM unnest(%s::text[]) AS name WHERE to_regclass('pgmq.' || quote_ident('q_' || name))"
            " IS NOT NULL",
            [list(names)],
        )
        made = {name for (name,) in cursor.fetchall()}
        counted: dict[str, QueueDepth] = {}
        if made:
            parts = [
                sql.SQL(COUNT).format(name=sql.Literal(name), table=sql.Identifier("pgmq", f"q_{name}"))
                for name in sorted(made)
            ]
            cursor.execute(sql.SQL(" UNION ALL ").join(parts))
            counted = {name: QueueDepth(name, *counts) for name, *counts in cursor.fetchall()}
    return [counted.get(name, QueueDepth(name, 0, 0)) for name in names]


def ask_broker(url: str, names: Sequence[str]) -> list[QueueDepth]:
    """The queues of these names at a broker, which says how many messages wait and no more.

    Raises BrokerAwayError where it does not answer within a few seconds.
    """
    try:
        with Connection(url, connect_timeout=ANSWER_SECONDS) as broker:
            broker.ensure_connection(max_retries=1, timeout=ANSWER_SECONDS)
            return [QueueDepth(name, _waiting(broker, name)) for name in names]
    except (KombuError, OperationalError, OSError) as fault:
        raise BrokerAwayError(f"The broker of the queues does not answer: {type(fault).__name__}.") from fault


def _waiting(broker: Connection, name: str) -> int:
    """Messages that wait; a queue that nobody has made yet has none. Asking for it ends its channel."""
    with broker.channel() as channel:
        try:
            return int(channel.queue_declare(queue=name, passive=True).message_count)  # type: ignore[attr-defined]
        except broker.channel_errors:
            return 0
