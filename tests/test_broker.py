"""What the worker's side of the queue does when the database drops its connection in the middle."""

import psycopg
import pytest
from kombu.transport.virtual import Channel

from tests.sessions import end_all_sessions
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
