"""Imports of a few rows, for tests."""

import io
import json
from datetime import timedelta

from django.db.models.functions import Now

from trajectories.models import Import
from trajectories.services.imports.jobs import (
    import_next,
    keep_files,
    plan_import,
)


def row(number, **values):
    return {"problem_id": f"sum-{number % 3}", "response": f"It is {number}.", "model": "m-1", **values}


def plan(actor, *rows, kind=Import.Kind.TRACES, name="rows.jsonl", **options):
    data = "".join(f"{json.dumps(each)}\n" for each in rows).encode()
    uploads = keep_files(owner=actor, files=[(name, io.BytesIO(data))])
    given = {"on_fault": "all_or_nothing", "adopt_reviews": False, **options}
    return plan_import(actor=actor, kind=kind, source=name, options=given, uploads=uploads)


def work(job):
    while import_next(job_id=job.pk):
        pass
    job.refresh_from_db()
    return job


def files(tmp_path):
    return sorted(path.name for folder in ("uploads", "imports") for path in (tmp_path / folder).glob("*"))


def let_the_lease_run_out(job):
    Import.objects.filter(pk=job.pk).update(lease_expires_at=Now() - timedelta(seconds=1))
