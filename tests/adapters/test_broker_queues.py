"""Looking into queues: those in the database, and those of another broker."""

import pytest
from django.db import connection
from kombu import Connection

from trajectories.adapters.broker_queues import BrokerAwayError, QueueDepth, ask_broker, ask_database
from trajectories.selectors.broker_queues import get_queues


@pytest.mark.django_db
def test_queues_of_the_database_are_counted_in_the_order_of_their_names():
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM pgmq.meta WHERE queue_name = 'looked'")
        cursor.execute("SELECT pgmq.create('looked')")
        cursor.execute("SELECT pgmq.send('looked', '{}') FROM generate_series(1, 3)")
        cursor.execute("UPDATE pgmq.q_looked SET enqueued_at = now() - msg_id * interval '1 minute'")
        cursor.execute("SELECT pgmq.read('looked', 60, 1)")
        cursor.execute("SELECT max(enqueued_at) < min(now()) FROM pgmq.q_looked")
    nobodys, looked = ask_database(["nobody's", "looked"])
    assert nobodys == QueueDepth("nobody's", 0, 0)
    assert (looked.name, looked.waiting, looked.in_hand) == ("looked", 2, 1)
    assert 179 < looked.oldest_seconds < 185, "of those that wait, not of the one in hand"


@pytest.mark.django_db
def test_one_query_reads_all_queues_and_one_which_there_are(django_assert_num_queries):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pgmq.create('files')")
    with django_assert_num_queries(2):
        report = get_queues()
    assert [row.name for row in report.rows] == [
        *("sweeps", "interactive", "starts", "verification", "sampling"),
        *("models", "files", "training"),
    ]
    assert report.trouble == ""


def test_another_broker_tells_how_many_wait_and_no_more():
    with Connection("memory://") as broker, broker.SimpleQueue("asked-once") as queue:
        queue.put("a")
        queue.put("b")
        assert ask_broker("memory://", ["asked-once", "never-made"]) == [
            QueueDepth("asked-once", 2),
            QueueDepth("never-made", 0),
        ]


def test_a_broker_that_is_away_is_named(settings):
    with pytest.raises(BrokerAwayError, match="does not answer"):
        ask_broker("amqp://127.0.0.1:9//", ["files"])
    settings.CELERY_BROKER_TRANSPORT = ""
    settings.CELERY_BROKER_URL = "amqp://127.0.0.1:9//"
    report = get_queues()
    assert (report.rows, report.waiting, report.oldest_seconds) == ([], 0, None)
    assert "The broker of the queues does not answer" in report.trouble
