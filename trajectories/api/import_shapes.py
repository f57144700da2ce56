"""Imports as they are answered."""

from typing import Any

from django.http import Http404
from ninja import Schema

from trajectories.api.problems import CrossingShown, show_crossing
from trajectories.core.records import JSON
from trajectories.models import Import
from trajectories.selectors.blinding import SEE_REVIEWS, sight_of
from trajectories.selectors.imported_scores import MOST_SCORES, has_scores, scores_beside, shapes_told
from trajectories.selectors.imports import import_faults

COUNTED = ("verdicts", "reviews", "problems")


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


class Wrapper(Schema):
    """The words that were cut off before and behind the questions of a file, in so many rows."""

    before: str
    behind: str
    rows: int


class ScoreCounts(Schema):
    """One kind of score of a file beside our verdicts, in traces: where both agree, where the file passes what fails
    here, where it fails what passes here, and those that are not verified here as right or wrong (yet)."""

    name: str
    agree: int
    passes_there: int
    fails_there: int
    open: int


class ImportShown(ImportRow):
    """An import with the first of its `fault_count` faults, the set that problems came into, if any, the first of the
    `crossing_count` problems that are known on the other side of training and evaluation, and of traces what its rows
    were (`shapes`: rows by shape), the words cut off around questions, and how many scores, reviews and new problems
    came with them. `scores` is null where you may not see reviews, or where there is nothing to count yet."""

    problem_set: str | None
    problem_set_id: int | None
    faults: list[FileFault]
    crossing_count: int
    crossings: list[CrossingShown]
    shapes: dict[str, int]
    wrapper: Wrapper | None
    verdicts: int
    reviews: int
    problems: int
    scores: list[ScoreCounts] | None


def show_row(job: Import) -> dict[str, Any]:
    """An import of a list."""
    same = ("id", "kind", "source", "state", "reason", "done", "total", "inserted", "duplicates", "fault_count")
    return {
        **{name: getattr(job, name) for name in same},
        "created_by": job.created_by.username if job.created_by else None,
        "created_at": job.created_at.isoformat(),
    }


def find_import(import_id: int) -> Import:
    """An import. Raises Http404."""
    job = Import.objects.select_related("created_by", "problem_set").filter(pk=import_id).first()
    if job is None:
        raise Http404(f"There is no import {import_id}.")
    return job


def show_import(job: Import, person: Any) -> dict[str, JSON]:
    """An import as it is answered to a person."""
    wrapper = job.told.get("wrapper") or None
    return {
        **show_row(job),
        "problem_set": job.problem_set.name if job.problem_set else None,
        "problem_set_id": job.problem_set_id,
        "faults": [{"file": each.file, "row": each.path, "detail": each.detail} for each in import_faults(job)],
        "crossing_count": job.crossing_count,
        "crossings": [show_crossing(told) for told in job.crossings],
        "shapes": dict(shapes_told(job)),
        "wrapper": {"before": "", "behind": "", "rows": 0, **wrapper} if wrapper else None,
        **{name: job.told.get(name, 0) for name in COUNTED},
        "scores": _scores(job, person),
    }


def _scores(job: Import, person: Any) -> list[JSON] | None:
    if not has_scores(job) or not person.has_perms(("trajectories.view_trace", SEE_REVIEWS)):
        return None
    found = scores_beside(job, sight_of(person))[:MOST_SCORES]
    return [{name: getattr(row, name) for name in ScoreCounts.model_fields} for row in found]
