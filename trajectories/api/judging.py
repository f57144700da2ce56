"""Judging by models: what it would take, asking for it, how far it is, and what was said of each trace."""

from dataclasses import asdict
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking, require_sight
from trajectories.api.doors import door
from trajectories.api.form_filling import checked, filled_in
from trajectories.api.queue_making import selection_of
from trajectories.api.shapes import Cursor, Free, IdempotencyKey, Key, Limit, OneOf, RowId, Rows, once, rows_of
from trajectories.core.records import JSON
from trajectories.core.selections import Selection
from trajectories.core.verifiers.judge_agreement import JudgeAgreement
from trajectories.core.verifiers.model_judge import Form
from trajectories.core.verifiers.step_values import MAX_COMPLETIONS, USUAL_COMPLETIONS
from trajectories.forms.judging import JudgeJobForm
from trajectories.models import ApiToken, JudgeJob
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.judging import SHOWN_FILTERS, list_items, report_on
from trajectories.selectors.paging import page_by_id
from trajectories.services.judging.jobs import MAX_OPPONENTS, estimate_judge_job, plan_judge_job
from trajectories.services.prompts.rubrics import ensure_shipped_rubrics
from trajectories.services.spending.holding import note_of_plan

VIEW, ADD = "trajectories.view_judgejob", "trajectories.add_judgejob"
Money = Annotated[float | None, Field(description="In the currency of the judge's prices.")]


class JudgingRow(Schema):
    """A judging of a list: `done` of `total` traces. It is steered as a job of the kind `judge_job`."""

    id: int
    state: str
    reason: str
    sampler: int
    rubric: int | None
    form: str
    seed: int
    done: int
    total: int
    errors: int
    calls: int
    cost: Money
    tokens: int
    budget_cost: Money
    budget_tokens: int | None
    created_by: str | None
    created_at: str
    finished_at: str | None


class Agreement(Schema):
    """Traces by what both the judge and somebody else say: `both` for, one alone, `neither`; Cohen's kappa, null where
    it says nothing."""

    both: int
    judge_only: int
    other_only: int
    neither: int
    kappa: float | None


class JudgingShown(JudgingRow):
    """A judging with what came of it, as far as you may see it: traces by outcome, errors by kind, and how far the
    judge agrees with verifiers (`reference`), with people, and with itself when asked again."""

    outcomes: dict[str, int]
    errors_by_kind: dict[str, int]
    reference: Agreement
    people: Agreement
    itself: Agreement


class JudgedShown(Schema):
    """What a judge says of one trace. `correctness` is that of our verifiers, empty where a queue hides it from you."""

    id: int
    trace: int
    problem: int
    problem_name: str
    outcome: str
    score: float | None
    message: str
    error_kind: str
    correctness: str
    decision: str


class Judge(Free):
    """Who judges which traces by what. `form` is grade, compare (with other traces of the problem), steps (the first
    wrong one) or values (of steps, by going on from each)."""

    sampler: Annotated[RowId, Field(description="Id of the judge; for values also of the search.")]
    rubric: RowId
    selection: Annotated[dict[str, Any], Field(max_length=100, description="Empty for all traces.")] = {}
    form: Annotated[str, OneOf([form.value for form in Form])] = Form.GRADE.value
    opponents: Annotated[int, Field(ge=1, le=MAX_OPPONENTS, description="Of each trace, for compare.")] = 4
    completions: Annotated[int, Field(ge=1, le=MAX_COMPLETIONS, description="From each step, for values.")] = (
        USUAL_COMPLETIONS
    )
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    budget_cost: Annotated[float, Field(ge=0, lt=10**7, description="0 for none.")] = 0
    budget_tokens: Annotated[int, Field(ge=0, le=10**15, description="0 for none.")] = 0


class JudgeEstimated(Schema):
    """What a judging may take: an estimate, never a bill. `alone` are traces without an opponent, `measured` the
    earlier answers that the lengths come from, `notes` what to know before."""

    traces: int
    alone: int
    calls: int
    input_tokens: int
    output_tokens: int
    cost: Money
    measured: int
    notes: list[str]


@door("GET", "/judgings", VIEW, answers=Rows[JudgingRow])
def list_judgings(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """Judgings by models, newest first."""
    return rows_of(page_by_id(JudgeJob.objects.select_related("created_by"), size=limit, before=cursor), _row)


def _row(job: JudgeJob) -> dict[str, JSON]:
    return {
        **{name: getattr(job, name) for name in ("id", "state", "form", "seed", "budget_tokens")},
        "reason": job.state_reason,
        "sampler": job.sampler_id,
        "rubric": job.rubric_id,
        "done": job.done_count,
        "total": job.total_count,
        "errors": job.error_count,
        "calls": job.call_count,
        "cost": float(job.cost),
        "tokens": job.input_tokens + job.output_tokens,
        "budget_cost": None if job.budget_cost is None else float(job.budget_cost),
        "created_by": job.created_by.username if job.created_by else None,
        "created_at": job.created_at.isoformat(),
        "finished_at": job.finished_at.isoformat() if job.finished_at else None,
    }


@door("GET", "/judgings/{judging_id}", VIEW, answers=JudgingShown)
def get_judging(request: HttpRequest, judging_id: Key) -> Any:
    """One judging, and how far its judge agrees with what else is known."""
    return _shown(_find(judging_id), asking(request))


def _find(judging_id: int) -> JudgeJob:
    found = JudgeJob.objects.select_related("created_by", "sampler", "rubric").filter(pk=judging_id).first()
    if found is None:
        raise Http404(f"There is no judging {judging_id}.")
    return found


def _shown(job: JudgeJob, person: Any) -> dict[str, JSON]:
    report = report_on(job, sight_of(person))
    return {
        **_row(job),
        "outcomes": dict(report.outcomes),
        "errors_by_kind": dict(report.errors),
        **{name: _agreement(getattr(report, name)) for name in ("reference", "people", "itself")},
    }


def _agreement(found: JudgeAgreement) -> dict[str, JSON]:
    return {**asdict(found), "kappa": found.kappa}


@door("GET", "/judgings/{judging_id}/traces", VIEW, answers=Rows[JudgedShown])
def list_judged_traces(
    request: HttpRequest,
    judging_id: Key,
    shown: Annotated[str, OneOf(["", *SHOWN_FILTERS])] = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """What the judge says of each trace, newest first, as far as you may see it: by outcome, or where it differs."""
    page = list_items(_find(judging_id), sight_of(asking(request)), shown=shown, before=cursor, size=limit)
    return rows_of(page, _item)


def _item(item: Any) -> dict[str, JSON]:
    return {
        **{name: getattr(item, name) for name in ("id", "outcome", "score", "message", "error_kind")},
        "trace": item.trace_id,
        "problem": item.trace.problem_id,
        "problem_name": item.trace.problem.name,
        "correctness": item.trace.correctness,
        "decision": item.shown_decision,
    }


@door("POST", "/judgings/estimate", ADD, scope=ApiToken.Scope.LAUNCH, answers=JudgeEstimated)
def estimate_judging(request: HttpRequest, given: Judge) -> Any:
    """What a judging may take. Nothing is asked."""
    scope = _scope(request, given)
    form = _form(given)
    found = estimate_judge_job(plan=form.plan(scope))
    same = ("traces", "alone", "calls", "input_tokens", "output_tokens", "measured")
    costs = {form.cleaned_data["sampler"].name: found.cost}
    limit_note = note_of_plan(costs=costs, person_id=asking(request).pk, noun="job")
    return {
        **{name: getattr(found, name) for name in same},
        "cost": None if found.cost is None else float(found.cost),
        "notes": [note for note in (found.temperature_note, limit_note) if note],
    }


def _scope(request: HttpRequest, given: Judge) -> Selection:
    scope = selection_of(given.selection)
    require_sight(asking(request), scope)
    return scope


def _form(given: Judge) -> JudgeJobForm:
    ensure_shipped_rubrics()
    values = given.model_dump(exclude={"selection"})
    for name in ("budget_cost", "budget_tokens"):
        values[name] = values[name] or None
    return checked(JudgeJobForm(filled_in(JudgeJobForm(), values)))


@door("POST", "/judgings", ADD, scope=ApiToken.Scope.LAUNCH, answers=JudgingShown, status=201)
def judge_traces(request: HttpRequest, given: Judge, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Have the traces of a selection judged by a model, which the workers do within the budget."""
    return once(request, idempotency_key, given, lambda: _judge(request, given))


def _judge(request: HttpRequest, given: Judge) -> dict[str, JSON]:
    form = _form(given)
    job = plan_judge_job(actor=asking(request), plan=form.plan(_scope(request, given)), budget=form.budget())
    return _shown(_find(job.pk), asking(request))
