"""Imports of files as jobs: listing them, how far one is, where its scores and ours differ, and steering it."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Schema
from ninja.responses import Status

from trajectories.api.auth import asking, require
from trajectories.api.doors import door
from trajectories.api.import_shapes import ImportRow, ImportShown, find_import, show_import, show_row
from trajectories.api.shapes import Cursor, IdempotencyKey, Key, Limit, OneOf, Rows, once, rows_of
from trajectories.api.steering import steer_one
from trajectories.core.curation.reviews import Decision
from trajectories.core.records import JSON, Outcome
from trajectories.core.selections import IMPORTED
from trajectories.models import ApiToken, Import, ImportedReview
from trajectories.selectors.blinding import SEE_REVIEWS, sight_of
from trajectories.selectors.imported_scores import AS_VERDICTS
from trajectories.selectors.imports import list_imports
from trajectories.selectors.said_elsewhere import decisive_elsewhere, told_by
from trajectories.selectors.traces import TraceWalk, list_traces
from trajectories.services.imports.jobs import import_again


class FileScore(Schema):
    """What a verifier elsewhere, or a person there, said of a trace."""

    name: str
    outcome: str
    score: float | None


class Difference(Schema):
    """A trace of an import on which a score of its file and our verdict differ."""

    trace: int
    problem: int
    problem_name: str
    correctness: str
    scores: list[FileScore]


@door("GET", "/imports", "trajectories.view_import", answers=Rows[ImportRow])
def list_all_imports(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """Imports of files, and pushes of traces by day and token, newest first."""
    return rows_of(list_imports(before=cursor, size=limit), show_row)


@door("GET", "/imports/{import_id}", "trajectories.view_import", answers=ImportShown)
def get_import(request: HttpRequest, import_id: Key) -> Any:
    """One import: how far it is, what was wrong row by row, and what came of it."""
    return show_import(find_import(import_id), asking(request))


@door(
    "GET",
    "/imports/{import_id}/differences",
    *("trajectories.view_import", "trajectories.view_trace", SEE_REVIEWS),
    answers=Rows[Difference],
)
def list_differences(
    request: HttpRequest,
    import_id: Key,
    correctness: Annotated[str, OneOf(["", Outcome.PASS.value, Outcome.FAIL.value])] = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """The traces of which the file of an import and our verifiers say the opposite, those that were here before too,
    newest first. The file speaks by its scores and by what people there decided, which stands among the scores under
    their pseudonym; with `correctness` those alone come that pass, or fail, here."""
    job = find_import(import_id).pk
    walk = TraceWalk(import_job=job, audit=IMPORTED, correctness=correctness)
    page = list_traces(walk, sight_of(asking(request)), before=cursor, size=limit)
    said: dict[int, list[JSON]] = {}
    shown = [trace.pk for trace in page.rows]
    for row in decisive_elsewhere().filter(told_by(job), trace__in=shown).order_by("pk"):
        said.setdefault(row.trace_id, []).append({"name": row.verifier, "outcome": row.outcome, "score": row.score})
    for review in ImportedReview.objects.filter(told_by(job), trace__in=shown, decision__in=AS_VERDICTS).order_by("pk"):
        outcome = AS_VERDICTS[Decision(review.decision)].value
        said.setdefault(review.trace_id, []).append({"name": review.pseudonym, "outcome": outcome, "score": None})
    return rows_of(page, lambda trace: _difference(trace, said.get(trace.pk, [])))


def _difference(trace: Any, scores: list[JSON]) -> dict[str, JSON]:
    return {
        "trace": trace.pk,
        "problem": trace.problem_id,
        "problem_name": trace.problem.name,
        "correctness": trace.correctness,
        "scores": scores,
    }


@door(
    "POST",
    "/imports/{import_id}/repeat",
    "trajectories.view_import",
    scope=ApiToken.Scope.WRITE,
    answers=ImportShown,
    status=201,
)
def repeat_import(request: HttpRequest, import_id: Key, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Import the files of a refused import without their bad rows, as a new import. 409 where it was not refused, or
    its files are gone."""
    return once(request, idempotency_key, {}, lambda: _repeat(request, import_id))


def _repeat(request: HttpRequest, import_id: int) -> dict[str, JSON]:
    job = find_import(import_id)
    require(asking(request), *Import.job_kind.control(job))
    return show_import(find_import(import_again(actor=asking(request), job_id=job.pk).pk), asking(request))


@door(
    "POST",
    "/imports/{import_id}/{verb}",
    "trajectories.view_import",
    scope=ApiToken.Scope.WRITE,
    answers=ImportShown,
)
def steer_import(request: HttpRequest, import_id: Key, verb: Literal["pause", "resume", "cancel", "retry"]) -> Any:
    """Pause an import, go on with it, cancel it, of which nothing has come in yet, or try a failed one again."""
    steer_one(request, "import", verb, import_id)
    return show_import(find_import(import_id), asking(request))
