"""Tasks that only tests ring."""

import os

from celery import shared_task
from django.contrib.auth.models import Group


@shared_task(time_limit=60)
def make_group(name: str) -> None:
    """Leave a row that says which process made it."""
    Group.objects.create(name=f"{name} {os.getpid()}")
