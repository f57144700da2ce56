import os

from django.contrib.auth.models import Group

from tests.sessions import end_all_sessions
from tests.worker import wait_for
from tests.worker_tasks import make_group

WORKER_INCLUDES = ["tests.worker_tasks"]
WORKER_IS_FRESH = True


def made(name: str) -> Group | None:
    return Group.objects.filter(name__startswith=name).first()


def test_a_task_runs_in_the_worker_process_on_the_test_database(celery_worker_process):
    make_group.delay("rung")
    group = wait_for(lambda: made("rung"), "the row")
    assert int(group.name.split()[1]) not in {os.getpid(), celery_worker_process.process.pid}


def test_a_killed_worker_is_replaced_and_takes_what_was_rung_meanwhile(celery_worker_process):
    celery_worker_process.kill()
    make_group.delay("waiting")
    assert made("waiting") is None
    celery_worker_process.start()
    assert wait_for(lambda: made("waiting"), "the row")


def test_a_bell_is_rung_though_the_database_dropped_the_connection(celery_worker_process):
    make_group.delay("before")
    assert wait_for(lambda: made("before"), "the first row")
    assert end_all_sessions()
    make_group.delay("after")
    assert wait_for(lambda: made("after"), "the second row")
