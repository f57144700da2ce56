"""Background jobs of every kind: listing them, reading one, steering it, and changing what it may take."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Path, Query, Schema
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from trajectories.api.auth import asking, require
from trajectories.api.doors import door
from trajectories.api.faults import ApiProblem
from trajectories.api.shapes import Body, Key, Limit, OneOf
from trajectories.api.steering import steer_one
from trajectories.core.faults import Fault
from trajectories.core.records import JSON
from trajectories.models import JOB_KINDS, ApiToken
from trajectories.models.job_kinds import CANCEL, PAUSE, RESUME, RETRY
from trajectories.selectors.jobs import STATE_FILTERS, JobRow, get_jobs, kinds_seen, list_jobs, read_job_key
from trajectories.services.campaigns.steering import set_campaign_budget
from trajectories.services.endpoints.calls import CallBudget
from trajectories.services.judging.jobs import set_judge_job_budget
from trajectories.services.runs.lifecycle import set_budget
from trajectories.services.runs.plans import Budget
from trajectories.tasks.jobs import controls_of

Kind = Annotated[str, OneOf(JOB_KINDS), Path(description="Kind of job.")]
Verb = Annotated[str, OneOf((PAUSE, RESUME, CANCEL, RETRY)), Path(description="What is done; not every kind has all.")]
Place = Annotated[
    str | SkipJsonSchema[None],
    Query(pattern=r"^[0-9]{1,16}-[a-z_]{1,20}-[0-9]{1,18}$", description="Where to go on: the `next` before."),
]
Money = Annotated[float | None, Field(description="In the currency of prices.")]
VIEW_RUN = "trajectories.view_run"


class JobShown(Schema):
    """A job of any kind: `done` of `total` things in `unit`, 0 where that is not known. `verbs` are what you may ask of
    it as it is now. What it has spent and may spend is there of jobs that ask a paid model."""

    kind: str
    id: int
    title: str
    state: str
    reason: str
    done: int
    total: int
    unit: str
    failed: int
    cost: Money
    tokens: int | None
    budget_cost: Money
    budget_tokens: int | None
    verbs: list[str]
    created_by: str | None
    created_at: str
    finished_at: str | None


class JobRows(Schema):
    """A page of jobs; `next` is the cursor of the page that follows, null at the end."""

    items: list[JobShown]
    next: str | None


class NewBudget(Body):
    """What a job may take from now on, in all; 0 for no limit. Minutes are for runs."""

    budget_cost: Annotated[float, Field(ge=0, lt=10**7)] = 0
    budget_tokens: Annotated[int, Field(ge=0, le=10**15)] = 0
    budget_minutes: Annotated[float, Field(ge=0, le=60 * 24 * 365)] = 0


@door("GET", "/jobs", VIEW_RUN, answers=JobRows)
def list_all_jobs(
    request: HttpRequest,
    kind: Annotated[str, OneOf(["", *JOB_KINDS])] = "",
    state: Annotated[str, OneOf(["", *STATE_FILTERS])] = "",
    cursor: Place = None,
    limit: Limit = 50,
) -> Any:
    """Jobs of every kind that you may look at, newest first."""
    person = asking(request)
    kinds = [each for each in kinds_seen(person) if kind in ("", each)]
    before = None if cursor is None else read_job_key(cursor)
    if cursor is not None and before is None:
        raise Fault(f"Found {cursor!r}, expected the `next` of a page before.", field="cursor")
    page = list_jobs(kinds, state=state, before=before, size=limit)
    following = None if page.next is None else str(page.next)
    return {"items": [_shown(row, person) for row in page.rows], "next": following}


def _shown(row: JobRow, person: Any) -> dict[str, JSON]:
    job, progress = row.job, row.progress
    return {
        "kind": row.kind,
        "id": job.pk,
        "title": row.title,
        "state": job.state,
        "reason": row.reason,
        **{name: getattr(progress, name) for name in ("done", "total", "unit", "failed")},
        **_spent(row),
        "verbs": list[JSON](controls_of(person, row.kind, job)),
        "created_by": job.created_by.username if job.created_by else None,
        "created_at": job.created_at.isoformat(),
        "finished_at": job.finished_at.isoformat() if job.finished_at else None,
    }


def _spent(row: JobRow) -> dict[str, JSON]:
    spending = row.spending
    if spending is None:
        return dict.fromkeys(("cost", "tokens", "budget_cost", "budget_tokens"))
    return {
        "cost": _money(spending.cost),
        "tokens": spending.tokens,
        "budget_cost": _money(spending.budget_cost),
        "budget_tokens": spending.budget_tokens,
    }


def _money(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


@door("GET", "/jobs/{kind}/{job_id}", VIEW_RUN, answers=JobShown)
def get_job(request: HttpRequest, kind: Kind, job_id: Key) -> Any:
    """One job of any kind."""
    require(asking(request), *JOB_KINDS[kind].permissions)
    return read_job(asking(request), kind, job_id)


def read_job(person: Any, kind: str, job_id: int) -> dict[str, JSON]:
    """A job as it is answered to somebody. Raises Http404."""
    found = get_jobs(kind, [job_id])
    if not found:
        raise Http404(f"There is no {JOB_KINDS[kind].noun} {job_id}.")
    return _shown(found[0], person)


@door("POST", "/jobs/{kind}/{job_id}/budget", VIEW_RUN, scope=ApiToken.Scope.LAUNCH, answers=JobShown)
def set_job_budget(request: HttpRequest, kind: Kind, job_id: Key, given: NewBudget) -> Any:
    """Change what a run, a job of a judge or a campaign may take; one that is paused for want of it stays paused until
    it is resumed. 409 for other kinds, and for a job that has ended."""
    person, found = asking(request), JOB_KINDS[kind]
    job = found.model._default_manager.filter(pk=job_id).first()
    require(person, *found.permissions)
    if job is None:
        raise Http404(f"There is no {found.noun} {job_id}.")
    require(person, *found.control(job))
    if kind not in BUDGETS:
        raise ApiProblem(409, f"Found a job of the kind {kind}, expected one of {', '.join(BUDGETS)}.")
    if given.budget_minutes and kind != "run":
        raise Fault("Found minutes, expected 0: only a run has a budget of time.", field="budget_minutes")
    BUDGETS[kind](person, job, given)
    return read_job(person, kind, job_id)


def _cost(given: NewBudget) -> Decimal | None:
    return Decimal(str(given.budget_cost)) if given.budget_cost else None


def _budget(given: NewBudget) -> Budget:
    seconds = round(given.budget_minutes * 60) or None
    return Budget(seconds=seconds, cost=_cost(given), tokens=given.budget_tokens or None)


BUDGETS: Mapping[str, Callable[[Any, Any, NewBudget], Any]] = {
    "run": lambda person, run, given: set_budget(actor=person, run=run, budget=_budget(given)),
    "judge_job": lambda person, job, given: set_judge_job_budget(
        actor=person, job=job, budget=CallBudget(cost=_cost(given), tokens=given.budget_tokens or None)
    ),
    "campaign": lambda person, job, given: set_campaign_budget(actor=person, campaign_id=job.pk, budget=_budget(given)),
}
"""How the budget of a job is changed, by the kinds that have one that can be."""


@door("POST", "/jobs/{kind}/{job_id}/{verb}", VIEW_RUN, scope=ApiToken.Scope.LAUNCH, answers=JobShown)
def steer_any_job(request: HttpRequest, kind: Kind, job_id: Key, verb: Verb) -> Any:
    """Pause a job, go on with it, cancel it for good, or try a failed one again: what its page offers. 409 where its
    kind has no such move, or it is in no state for that."""
    if verb not in JOB_KINDS[kind].moves:
        expected = ", ".join(JOB_KINDS[kind].moves)
        raise ApiProblem(409, f"Found {verb}, expected one of {expected}: that is what can be asked of its kind.")
    steer_one(request, kind, verb, job_id)
    return read_job(asking(request), kind, job_id)
