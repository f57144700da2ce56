"""Imports of files as jobs: listing them, and how far one is."""

from typing import Any

from django.http import Http404, HttpRequest
from ninja import Schema

from trajectories.api.doors import door
from trajectories.api.shapes import Cursor, Key, Limit, Rows, rows_of
from trajectories.models import Import
from trajectories.selectors.imports import import_faults, list_imports


class ImportRow(Schema):
    """An import of a list: `done` of `total` are read, in whatever its kind counts; `inserted` came in at its end."""

    id: int
    kind: str
    source: str
    state: str
    reason: str
    done: int
    total: int
    inserted: int
    duplicates: int
    fault_count: int
    created_by: str | None
    created_at: str


class FileFault(Schema):
    """What is wrong with one row of a file: which file, where in it, and what."""

    file: str
    row: str
    detail: str


class ImportShown(ImportRow):
    """An import with the first of its `fault_count` faults and the set that problems came into, if any."""

    problem_set: str | None
    problem_set_id: int | None
    faults: list[FileFault]


@door("GET", "/imports", "trajectories.view_import", answers=Rows[ImportRow])
def list_all_imports(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """Imports of files, newest first."""
    return rows_of(list_imports(before=cursor, size=limit), _row)


def _row(job: Import) -> dict[str, Any]:
    same = ("id", "kind", "source", "state", "reason", "done", "total", "inserted", "duplicates", "fault_count")
    return {
        **{name: getattr(job, name) for name in same},
        "created_by": job.created_by.username if job.created_by else None,
        "created_at": job.created_at.isoformat(),
    }


@door("GET", "/imports/{import_id}", "trajectories.view_import", answers=ImportShown)
def get_import(request: HttpRequest, import_id: Key) -> Any:  # noqa: ARG001
    """One import: how far it is, and what was wrong row by row."""
    job = Import.objects.select_related("created_by", "problem_set").filter(pk=import_id).first()
    if job is None:
        raise Http404(f"There is no import {import_id}.")
    return {
        **_row(job),
        "problem_set": job.problem_set.name if job.problem_set else None,
        "problem_set_id": job.problem_set_id,
        "faults": [{"file": each.file, "row": each.path, "detail": each.detail} for each in import_faults(job)],
    }
