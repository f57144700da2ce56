"""Rules for everything Celery runs."""

import pytest

from webapp.celery import app

app.loader.import_default_modules()
TASKS = sorted(name for name in app.tasks if not name.startswith("celery."))


def test_the_tasks_are_found():
    assert any(name.startswith("trajectories.") for name in TASKS)


@pytest.mark.parametrize("name", TASKS)
def test_every_task_ends_in_time(name):
    task = app.tasks[name]
    limit = task.time_limit or app.conf.task_time_limit
    assert 0 < limit <= 3600
    # A message out for longer than the queue waits would be handed out a second time.
    assert limit < app.conf.broker_transport_options.get("visibility_timeout", 3600)


@pytest.mark.parametrize("name", TASKS)
def test_a_task_leaves_its_result_in_the_database_only(name):
    assert app.tasks[name].ignore_result


def test_the_scheduler_rings_tasks_that_exist():
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)
