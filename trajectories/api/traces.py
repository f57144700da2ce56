"""Traces: listing and reading them, pushing what was sampled elsewhere, and having them verified again."""

import hashlib
from dataclasses import astuple
from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest
from ninja import Query, Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking, require, require_sight
from trajectories.api.doors import door
from trajectories.api.problems import CrossingShown, RowFault, refusal_of, set_title_of, show_crossing
from trajectories.api.shapes import Body, Cursor, IdempotencyKey, Key, Limit, RowId, Rows, Word, once
from trajectories.api.trace_shapes import Order, TraceFilters, TraceRow, TraceShown, show_rows, show_trace, walk_of
from trajectories.core.faults import Fault
from trajectories.core.importers.mapped_rows import check_places
from trajectories.core.records import JSON
from trajectories.core.selections import MOST_TRACES, Selection
from trajectories.core.verifiers import VERIFIERS
from trajectories.models import ApiToken, Reverification, Trace
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.segmentations import as_cut
from trajectories.selectors.trace_searches import count_unsearchable
from trajectories.selectors.traces import get_trace_for, list_traces
from trajectories.services.imports.direct import Making
from trajectories.services.imports.pushes import push_rows
from trajectories.services.imports.writing import set_target
from trajectories.services.traces.staging import Stated
from trajectories.services.verification.reverifications import plan_reverification

MOST_PUSHED = 1_000


class Pushed(Schema):
    """What came in: ids of the new traces, and how many were known already; how many scores of theirs (`verdicts`),
    reviews and new problems came with them. `faults` has the first 100. `import_id` is the import that holds what your
    token pushed today, with its page of differences; null where nothing came. `crossings` has the first 10 of the
    `crossing_count` problems made here that are known on the other side of training and evaluation."""

    inserted: int
    duplicates: int
    traces: list[int]
    verdicts: int
    reviews: int
    problems: int
    import_id: int | None
    fault_count: int
    faults: list[RowFault]
    crossing_count: int = 0
    crossings: list[CrossingShown] = []


class Push(Body):
    """Traces sampled elsewhere: each row as a line of a file of traces, in any of the shapes that are imported."""

    rows: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MOST_PUSHED)]
    on_fault: Annotated[
        Literal["all_or_nothing", "skip"], Field(description="Whether one bad row keeps everything out.")
    ] = "all_or_nothing"
    make_problems: Annotated[bool, Field(description="Make the problems that are not here, in `set_title`.")] = False
    set_title: Annotated[Word, Field(max_length=80, description="Set for problems that are made.")] = ""
    split: Annotated[Literal["", "train", "eval"], Field(description="Their side where rows do not say it.")] = ""
    places: Annotated[
        dict[Word, Word],
        Field(max_length=20, description="In rows of no known shape: paths such as out.0 by field."),
    ] = {}
    model: Annotated[Word, Field(description="Who sampled the rows that name no model.")] = ""
    adopt_reviews: Annotated[bool, Field(description="Let what people decided elsewhere decide here, as yours.")] = (
        False
    )


class Verify(Body):
    """Which traces are verified again, and by which verifiers; none named means all."""

    traces: Annotated[list[RowId], Field(min_length=1, max_length=MOST_TRACES)]
    verifiers: Annotated[list[Word], Field(max_length=50)] = []


class VerifyJob(Schema):
    """A job that verifies traces again."""

    id: int
    state: str
    total: int
    done: int


class TraceRows(Rows[TraceRow]):
    """A page of traces. `unsearchable` is how many came lately and are still being read for their words, which a search
    or a filter by tools does not find yet; 0 where neither was asked for."""

    unsearchable: int


@door("GET", "/traces", "trajectories.view_trace", answers=TraceRows)
def list_all_traces(
    request: HttpRequest,
    filters: Annotated[TraceFilters, Query()],
    order: Order = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """Traces, filtered and sorted as on their list."""
    walk = walk_of(filters, order)
    page = list_traces(walk, sight_of(asking(request)), before=cursor, size=limit)
    return {"items": show_rows(page.rows), "next": page.next, "unsearchable": count_unsearchable(walk)}


@door("GET", "/traces/{trace_id}", "trajectories.view_trace", answers=TraceShown)
def get_trace(request: HttpRequest, trace_id: Key) -> Any:
    """One trace with all that its page tells you."""
    return read_trace(asking(request), trace_id)


def read_trace(person: Any, trace_id: int) -> dict[str, JSON]:
    """A trace as this person may see it. Raises Http404."""
    sight = sight_of(person)
    try:
        trace = as_cut(get_trace_for(trace_id, sight))
    except (Trace.DoesNotExist, Fault) as fault:
        raise Http404(f"There is no trace {trace_id}.") from fault
    return show_trace(trace, reader_id=person.pk, told=sight.covers(trace.pk))


@door("POST", "/traces", "trajectories.add_trace", scope=ApiToken.Scope.WRITE, answers=Pushed, status=201)
def push_traces(request: HttpRequest, given: Push, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Push up to 1,000 traces. They are stored at once and verified by the workers; a trace that is known already is
    counted, not stored again, so that a push may be repeated."""
    sent: dict[str, JSON] = {"sha256": hashlib.sha256(request.body).hexdigest()}  # as it came: rows are many
    return once(request, idempotency_key, sent, lambda: _push(request, given))


def _push(request: HttpRequest, given: Push) -> dict[str, JSON]:
    if given.adopt_reviews:
        require(asking(request), "trajectories.add_review")
    check_places(given.places)
    token: ApiToken = request.auth  # type: ignore[attr-defined]
    told = push_rows(
        token=token,
        rows=given.rows,
        on_fault=given.on_fault,
        adopt_reviews=given.adopt_reviews,
        making=_making(request, given),
        stated=Stated(given.places, given.model.strip()),
    )
    if told.refused:
        raise refusal_of([(fault.path, fault.detail) for fault in told.faults], told.fault_count)
    written, made = told.written, told.written.problems
    return {
        "inserted": len(written.trace_ids),
        "duplicates": written.duplicates,
        "traces": list(written.trace_ids),
        "verdicts": written.verdicts,
        "reviews": written.reviews,
        "problems": 0 if made is None else made.inserted,
        "import_id": None if told.job is None else told.job.pk,
        "fault_count": told.fault_count,
        "faults": [{"row": each.path, "detail": each.detail} for each in told.faults],
        "crossing_count": 0 if made is None else made.crossing_count,
        "crossings": [] if made is None else [show_crossing(astuple(each)) for each in made.crossings],
    }


def _making(request: HttpRequest, given: Push) -> Making | None:
    """The problems that are to be made. Raises Fault for a title that makes no set, ApiProblem for who may not."""
    if not given.make_problems:
        return None
    require(asking(request), "trajectories.add_problem")
    title = set_title_of(given.set_title)
    return Making(set_target(title, "the API"), given.split)


@door(
    "POST",
    "/verifications",
    *("trajectories.add_reverification", "trajectories.view_verdict"),
    scope=ApiToken.Scope.WRITE,
    answers=VerifyJob,
    status=201,
    tag="traces",
)
def verify_traces(request: HttpRequest, given: Verify, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Have traces verified again. The job is done by the workers."""
    return once(request, idempotency_key, given, lambda: _verify(request, given))


def _verify(request: HttpRequest, given: Verify) -> dict[str, JSON]:
    scope = Selection(traces=tuple(sorted(set(given.traces))))
    require_sight(asking(request), scope)
    job = plan_reverification(actor=asking(request), scope=scope, verifiers=given.verifiers or list(VERIFIERS))
    return _shown(job)


def _shown(job: Reverification) -> dict[str, JSON]:
    return {"id": job.pk, "state": job.state, "total": job.total_count, "done": job.done_count}


@door("GET", "/verifications/{job_id}", "trajectories.view_verdict", answers=VerifyJob, tag="traces")
def get_verification(request: HttpRequest, job_id: Key) -> Any:  # noqa: ARG001
    """How far a job that verifies traces again is."""
    job = Reverification.objects.filter(pk=job_id).first()
    if job is None:
        raise Http404(f"There is no verification {job_id}.")
    return _shown(job)
