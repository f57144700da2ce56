"""What the worker's side of the queue does when the database drops its connection in the middle."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from queue import Empty

import psycopg
import pytest
from kombu.transport.virtual import Channel

from tests.sessions import end_all_sessions
from webapp import broker
from webapp.broker import CREDIT, FairShare
from webapp.broker import Channel as OurChannel
from webapp.celery import app

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def channel():
    """A channel that takes one message at a time, as a worker of one process does, with the queue `drill`."""
    with app.connection() as connection:
        channel = connection.channel()
        channel.basic_qos(0, 1, False)
        channel.queue_declare("drill")
        channel.queue_purge("drill")
        yield channel
        channel.queue_delete("drill")


def take(channel: Channel):
    channel.basic_publish(channel.prepare_message("ding"), exchange="", routing_key="drill")
    message = channel.basic_get("drill")
    assert not channel.qos.can_consume(), "its only place is taken"
    return message


def test_celery_uses_it(channel):
    assert isinstance(channel, OurChannel)


def test_an_acknowledged_message_is_gone_and_leaves_room(channel):
    take(channel).ack()
    assert channel.qos.can_consume()
    assert channel._size("drill") == 0


@pytest.mark.parametrize("end", ["ack", "reject", "requeue"])
def test_a_message_whose_end_is_lost_leaves_room_for_the_next(channel, end):
    message = take(channel)
    end_all_sessions()
    with pytest.raises(psycopg.OperationalError):
        getattr(message, end)()
    channel.pgmq.pool.check()
    assert channel._size("drill") == 1, "it comes again later"
    take(channel).ack()
    assert channel.qos.can_consume()


def test_a_bell_for_which_the_channel_was_closed_goes_out_by_a_new_one(channel):
    """Where the database drops its connections as one is used, the library closes the channel of whoever sends next."""
    with app.connection() as connection, app.amqp.Producer(connection, auto_declare=False) as producer:
        for _ in range(2):
            producer.publish("ding", exchange="", routing_key="drill", retry=True, retry_policy={"max_retries": 3})
            producer.channel.close()
            assert producer.channel.connection is None
    assert channel._size("drill") == 2


def test_workers_that_start_together_make_a_queue_once():
    """The library's own way drops the trigger and makes it again: all but one of these would fail."""
    name = "together"

    def start(_: int) -> str:
        with app.connection() as connection:
            channel = connection.channel()
            channel.queue_declare(name)
            channel.basic_consume(name, no_ack=False, callback=print, consumer_tag="drill")
            return "there"

    try:
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(start, range(16))) == ["there"] * 16
    finally:
        with app.connection() as connection:
            connection.channel().queue_delete(name)


class Queues:
    """Queues that never run dry, and whose tasks take so many seconds."""

    def __init__(self, monkeypatch, **seconds: float) -> None:
        self.seconds, self.now, self.done = seconds, 0.0, Counter[str]()
        monkeypatch.setattr(broker, "time", self)
        self.share = FairShare(self.take, list(seconds), {})

    def monotonic(self) -> float:
        return self.now

    def take(self, queue: str, _callback: object, timeout: float | None = None) -> str:
        if not self.seconds.get(queue):
            raise Empty
        self.now += self.seconds[queue]
        self.done[queue] += 1
        return queue

    def work(self, until: float) -> dict[str, float]:
        """The seconds that each queue has had."""
        while self.now < until:
            self.share.get(print)
        return {name: count * self.seconds[name] for name, count in self.done.items()}


def test_queues_share_time_and_not_turns(monkeypatch):
    spent = Queues(monkeypatch, sampling=60.0, verification=5.0, files=1.0).work(until=3600)
    assert all(1100 < seconds < 1300 for seconds in spent.values())


def test_what_a_person_waits_for_goes_first_and_stops_nobody(monkeypatch):
    queues = Queues(monkeypatch, sampling=5.0, interactive=0.1)
    spent = queues.work(until=1000)
    assert 8 < spent["interactive"] / spent["sampling"] < 12


def test_a_sweep_is_next_after_the_task_in_hand(monkeypatch):
    queues = Queues(monkeypatch, sampling=5.0, verification=5.0, interactive=0.1, sweeps=0.0)
    queues.work(until=1000)
    for _ in range(50):
        queues.seconds["sweeps"] = 0.05
        assert queues.share.get(print) == "sweeps"
        queues.seconds["sweeps"] = 0.0
        queues.work(until=queues.now + 5)


def test_a_queue_that_was_empty_for_long_does_not_take_all_of_the_time_afterwards(monkeypatch):
    queues = Queues(monkeypatch, sampling=5.0, files=0.0)
    queues.work(until=10_000)
    queues.seconds["files"] = 1.0
    queues.done.clear()
    spent = queues.work(until=11_000)
    assert abs(spent["files"] - spent["sampling"]) <= CREDIT + 10


def test_where_all_queues_are_empty_it_says_so(monkeypatch):
    with pytest.raises(Empty):
        Queues(monkeypatch, sampling=0.0, files=0.0).share.get(print)


def test_a_task_that_breaks_off_has_cost_its_time(monkeypatch):
    queues = Queues(monkeypatch, sampling=1.0, files=1.0)

    def break_off(queue, *_, **__):
        queues.now += 100
        raise OSError(queue)

    share, spent = FairShare(break_off, ["sampling", "files"], {}), []
    for _ in range(4):
        with pytest.raises(OSError, match=r"sampling|files") as caught:
            share.get(print)
        spent.append(str(caught.value))
    assert Counter(spent) == {"sampling": 2, "files": 2}
