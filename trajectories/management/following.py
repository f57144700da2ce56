"""Following a job from the command line until it ends or stops."""

import sys
import time
from collections.abc import Callable
from typing import TypeVar

from django.core.management.base import BaseCommand
from django.db import connection

from trajectories.models import Run
from trajectories.models.leased_jobs import LeasedJob
from trajectories.services.jobs.outages import patiently

LOOK_SECONDS = 0.5
UNHEARD_SECONDS = 20
"""After so long without a worker the command says so, once."""

J = TypeVar("J", bound=LeasedJob | Run)


def follow_job(command: BaseCommand, job: J, noun: str, line_of: Callable[[J], str]) -> None:
    """Show a line that says how far the job is until it is active no more: on a terminal as often as it changes, else
    once at the end. `noun` is what the command calls the job. A database that is away is waited for, as by workers."""
    started, shown = time.monotonic(), ""
    while job.state in job.ACTIVE_STATES:
        connection.close()  # a wait of hours holds no connection
        time.sleep(LOOK_SECONDS)
        line = patiently(lambda: _look(job, line_of))
        if line != shown and sys.stdout.isatty():
            command.stdout.write(f"\r{line:<{len(shown)}}", ending="")
            command.stdout.flush()
            shown = line
        if job.state == "queued" and time.monotonic() - started > UNHEARD_SECONDS:
            command.stderr.write(f"No worker has taken the {noun} up yet. Is one running (make run)?")
            started = float("inf")
    command.stdout.write(f"\r{line_of(job)}" if shown else line_of(job))


def _look(job: J, line_of: Callable[[J], str]) -> str:
    """The line of a job as it is now."""
    job.refresh_from_db()
    return line_of(job)
