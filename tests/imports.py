"""Imports asked for by a page, done here and now."""

from django.http import HttpResponse
from django.test import Client

from trajectories.models import Import
from trajectories.services.imports.jobs import import_next


def finish(client: Client, answer: HttpResponse) -> HttpResponse:
    """The page that a posted import leads to, once a worker has done it."""
    assert answer.status_code == 302, answer.content.decode()
    job = Import.objects.latest("pk")
    while import_next(job_id=job.pk):
        pass
    return client.get(answer["Location"])


def latest() -> Import:
    """The newest import."""
    return Import.objects.latest("pk")
