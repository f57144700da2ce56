"""`manage.py check_workers`, which containers ask about their own workers."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models.functions import Now

from trajectories.models import Worker
from trajectories.services.jobs.workers import this_host


def make_worker(host: str, pid: int, seconds: int = 0) -> None:
    Worker.objects.create(
        host=host, pid=pid, name=f"worker {pid}", queues="sampling", seen_at=Now() - timedelta(seconds=seconds)
    )


def test_it_looks_at_the_workers_of_this_machine_alone(db, capsys):
    make_worker("another", 1)
    with pytest.raises(CommandError, match=r"^No worker of this machine is alive\.$"):
        call_command("check_workers")
    make_worker(this_host(), 2)
    make_worker("another", 3, seconds=10_000)
    call_command("check_workers")
    assert capsys.readouterr().out == "1 worker is alive.\n"
    make_worker(this_host(), 4, seconds=10_000)
    with pytest.raises(CommandError, match=r"^1 of 2 workers here are silent, worker 4 among them\.$"):
        call_command("check_workers")
