"""Imports asked for by a page, done here and now, and one that a worker is to do."""

import io
import json

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from tests import factories
from trajectories.models import Import
from trajectories.services.imports.jobs import import_next, keep_files, plan_import


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


def plan_rows(actor: User, count: int) -> Import:
    """An import of so many traces of one new problem, `sum-1`, all or none of them."""
    factories.make_problem(name="sum-1", kind="numeric", spec={}, reference="4")
    rows = [{"problem_id": "sum-1", "response": f"It is {number}.", "model": "m"} for number in range(count)]
    data = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    uploads = keep_files(owner=actor, files=[("rows.jsonl", io.BytesIO(data))])
    options = {"on_fault": "all_or_nothing", "adopt_reviews": False}
    return plan_import(actor=actor, kind=Import.Kind.TRACES, source="rows.jsonl", options=options, uploads=uploads)
