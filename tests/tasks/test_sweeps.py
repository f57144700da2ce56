"""What the sweep that the scheduler rings for says of the scheduler."""

from datetime import timedelta
from threading import Thread

from django.db import connection
from django.utils import timezone

from tests import factories
from tests.projects import another_project
from trajectories.adapters.acting import acting_in
from trajectories.models import Scheduler
from trajectories.services.jobs.workers import hear_scheduler
from trajectories.tasks.sweeps import sweep


def test_a_sweep_writes_down_that_the_scheduler_rang(db):
    sweep.apply(throw=True)
    first = Scheduler.objects.get()
    assert timezone.now() - first.rang_at < timedelta(seconds=30)
    factories.make_ring(seconds=600)
    sweep.apply(throw=True)
    assert Scheduler.objects.get().rang_at >= first.rang_at


def test_one_row_is_for_all_projects(db):
    project = another_project()
    sweep.apply(throw=True)
    with acting_in(project.pk):
        assert Scheduler.objects.count() == 1, "the very one"
        factories.make_ring(seconds=600)
        hear_scheduler()
        assert timezone.now() - Scheduler.objects.get().rang_at > timedelta(seconds=500), "no bell of the scheduler"


def test_two_schedulers_are_one_row(transactional_db):
    def ring() -> None:
        for _ in range(20):
            hear_scheduler()
        connection.close()

    both = [Thread(target=ring) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert timezone.now() - Scheduler.objects.get().rang_at < timedelta(seconds=30)
