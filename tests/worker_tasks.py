"""Tasks that only tests ring."""

import os
import time
from pathlib import Path

from celery import shared_task
from django.contrib.auth.models import Group


@shared_task(time_limit=60)
def make_group(name: str) -> None:
    """Leave a row that says which process made it."""
    Group.objects.create(name=f"{name} {os.getpid()}")


@shared_task(time_limit=120)
def hold(gate: str) -> None:
    """Be busy until the file is there."""
    Group.objects.create(name=f"held {os.getpid()}")
    while not Path(gate).exists():
        time.sleep(0.05)


@shared_task(time_limit=1)
def overstay() -> None:
    """Take longer than it may."""
    Group.objects.create(name=f"overstays {os.getpid()}")
    while True:
        time.sleep(0.05)
