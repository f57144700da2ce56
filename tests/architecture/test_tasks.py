"""Rules for everything Celery runs."""

from fnmatch import fnmatch

import pytest

from trajectories.services.endpoints.local_models import MODELS
from trajectories.tasks import jobs
from trajectories.tasks.bells import SAMPLING, STARTS
from webapp.celery import app

app.loader.import_default_modules()
LONG = {"trajectories.work_on_training"}
TASKS = sorted(name for name in app.tasks if not name.startswith("celery."))


def test_the_tasks_are_found():
    assert any(name.startswith("trajectories.") for name in TASKS)


@pytest.mark.parametrize("name", TASKS)
def test_every_task_ends_in_time(name):
    task = app.tasks[name]
    limit = task.time_limit or app.conf.task_time_limit
    if name in LONG:
        assert limit > 3600  # its work is claimed in the database, under a lease that is kept alive
        return
    assert 0 < limit <= 3600
    # A message out for longer than the queue waits would be handed out a second time.
    assert limit < app.conf.broker_transport_options.get("visibility_timeout", 3600)


@pytest.mark.parametrize("name", TASKS)
def test_a_task_leaves_its_result_in_the_database_only(name):
    assert app.tasks[name].ignore_result


def test_the_scheduler_rings_tasks_that_exist():
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)


def test_every_queue_that_a_task_goes_to_is_served(settings):
    served = {*settings.WORKER_QUEUES, *settings.QUICK_QUEUES, *settings.FILE_QUEUES, *settings.TRAINING_QUEUES}
    assert {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()} <= served
    assert {jobs.INTERACTIVE, jobs.SAMPLING, jobs.VERIFICATION, jobs.FILES} <= served
    assert {STARTS, SAMPLING, MODELS} <= served


def test_what_may_take_minutes_in_one_piece_keeps_nothing_else_waiting(settings):
    quick = {*settings.WORKER_QUEUES, *settings.QUICK_QUEUES}
    assert not {*settings.FILE_QUEUES, *settings.TRAINING_QUEUES} & quick
    assert not set(settings.FILE_QUEUES) & set(settings.TRAINING_QUEUES)


@pytest.mark.parametrize("name", [name for name in TASKS if name.startswith("trajectories.")])
def test_every_task_has_a_queue_of_its_kind(name, settings):
    meant = [pattern for pattern in settings.CELERY_TASK_ROUTES if fnmatch(name, pattern)]
    assert len(meant) == 1, f"{name}: found {meant}, expected one pattern in CELERY_TASK_ROUTES"
    queue = app.amqp.router.route({}, name)["queue"]
    assert queue.name == settings.CELERY_TASK_ROUTES[meant[0]]["queue"]


def test_sweeps_never_wait_behind_work(settings):
    assert settings.CELERY_TASK_ROUTES["trajectories.sweep*"]["queue"] == "sweeps"
    assert settings.QUICK_QUEUES[0] == settings.WORKER_QUEUES[0] == "sweeps"
