"""Asking: one problem and a budget, what they would take, and which answer the samples give together."""

import json
from decimal import Decimal
from io import BytesIO
from typing import Annotated, Any

from django.contrib.auth.models import User
from django.db import transaction
from django.http import Http404, HttpRequest
from ninja import Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking, require
from trajectories.api.doors import door
from trajectories.api.faults import ApiProblem
from trajectories.api.runs import Money
from trajectories.api.shapes import (
    Cursor,
    Free,
    IdempotencyKey,
    Key,
    Limit,
    OneOf,
    RowId,
    Rows,
    Text,
    Word,
    once,
    rows_of,
)
from trajectories.core.consolidation.ways import WAYS, Value
from trajectories.core.faults import Fault
from trajectories.core.records import JSON, ProblemKind
from trajectories.core.strategies import STRATEGIES
from trajectories.forms.asks import instructions_for
from trajectories.models import ApiToken, Problem, Run, Sampler
from trajectories.selectors.asks import Consolidated, asked_runs, consolidate
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.paging import page_by_id
from trajectories.selectors.runs import most_attempts
from trajectories.selectors.samplers import list_samplers
from trajectories.selectors.search_trees import tells_hidden
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.problems.asked import (
    MAX_QUESTION,
    QUESTION_KINDS,
    AskError,
    find_problem,
    keep_question,
    keep_task,
)
from trajectories.services.prompts.instructions import ensure_symbolic_views
from trajectories.services.runs.asking import USUAL_SAMPLES, Asked, ask, find_way, plan_within
from trajectories.services.runs.estimates import estimate_plan
from trajectories.services.runs.plans import MAX_COST, MAX_SAMPLES_EACH, PARALLEL, Budget
from trajectories.services.spending.holding import note_of_plan

WAY_NAMES = ["", *(way.name for way in WAYS.values() if Value.SCORE not in way.needs)]
ASKS = ("trajectories.add_run", "trajectories.view_problem")
READS = ("trajectories.view_run", "trajectories.view_trace", "trajectories.view_problem")
HIDDEN = "A queue hides some of this from you until you have decided there, and the answer would tell it."


class Asking(Free):
    """What is asked: one of `problem`, `question` and `task`; whom; and what it may take."""

    problem: Annotated[Word, Field(description="Name or number of a problem that is here.")] = ""
    question: Annotated[Text, Field(max_length=MAX_QUESTION, description="A question for a language model.")] = ""
    kind: Annotated[
        str, OneOf([kind.value for kind in QUESTION_KINDS]), Field(description="What the answer to the question is.")
    ] = ProblemKind.TEXT.value
    task: Annotated[dict[str, Any], Field(description="One ARC task: `train` and `test` as in its file.")] = {}
    sampler: Annotated[RowId, Field(description="Id of a sampler.")]
    samples: Annotated[int, Field(ge=1, le=MAX_SAMPLES_EACH, description="At most so many.")] = USUAL_SAMPLES
    strategy: Annotated[Word, Field(description="Name of a strategy.")] = PARALLEL
    settings: Annotated[dict[str, int], Field(description="Of the strategy, by name.")] = {}
    way: Annotated[str, OneOf(WAY_NAMES), Field(description="How samples become one answer; empty for the usual.")] = ""
    budget_cost: Annotated[float, Field(ge=0, lt=MAX_COST, description="0 for none.")] = 0
    budget_tokens: Annotated[int, Field(ge=0, le=10**15, description="0 for none.")] = 0
    budget_seconds: Annotated[int, Field(ge=0, le=366 * 86_400, description="Wall time; 0 for none.")] = 0


class EstimateShown(Schema):
    """What it may take: `samples` at the most, and of a language model calls, tokens and money as measured on prompts
    rendered for it. `most_cost` is that of a strategy that uses all it may; null where a price is not known. `notes`
    are what to know before."""

    samples: int
    calls: int
    most_calls: int
    input_tokens: int
    output_tokens: int
    cost: Money
    most_cost: Money
    notes: list[str]


class AnswerShown(Schema):
    """One answer. `output` counts test outputs from 1 where each is chosen by itself, else 0; `share` is its share of
    all weight, `guess` says that it is handed in, `traces` are the first that give it, `outcome` what was verified."""

    output: int
    answer: Any
    share: float
    samples: int
    guess: bool
    outcome: str
    traces: list[int]


class MeantShown(Schema):
    """Where `low_share` to `high_share` of this sampler's samples agreed, the commonest answer was right on the share
    `right` of `problems` problems with a reference."""

    low_share: float
    high_share: float
    problems: int
    right: float


class AskShown(Schema):
    """What was asked, and which answer its samples give so far. `id` is that of its run; by it the run is paused and
    cancelled.

    `votes` is the share of all samples that give the commonest answer, and `meant` what such a share has meant.
    """

    id: int
    state: str
    state_reason: str
    problem: int
    sampler: int
    strategy: str
    way: str
    samples: int
    drawn: int
    verified: int
    cost: Money
    input_tokens: int
    output_tokens: int
    budget_cost: Money
    budget_tokens: int | None
    budget_seconds: int | None
    answers: list[AnswerShown]
    votes: float | None
    meant: MeantShown | None
    created_at: str


class AskRow(Schema):
    """What was asked, in a list."""

    id: int
    state: str
    problem: int
    sampler: int
    drawn: int
    created_at: str


@door("GET", "/asks", *READS, answers=Rows[AskRow])
def list_asks(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """What was asked, newest first."""
    return rows_of(page_by_id(asked_runs(), size=limit, before=cursor), _row)


@door("POST", "/asks/estimate", *ASKS, scope=ApiToken.Scope.LAUNCH, answers=EstimateShown)
def estimate_ask(request: HttpRequest, given: Asking) -> Any:
    """What asking this may take. Nothing is asked, and nothing is kept."""
    with transaction.atomic():
        asked = _asked(request, given)
        told = _estimate(asked, asking(request))
        transaction.set_rollback(True)
    return told


@door("GET", "/asks/{run_id}", *READS, answers=AskShown)
def get_ask(
    request: HttpRequest,
    run_id: Key,
    way: Annotated[str, OneOf(WAY_NAMES)] = "",
) -> Any:
    """What was asked, and which answer its samples give by its own or another way of choosing, which costs nothing."""
    run = asked_runs().filter(pk=run_id).first()
    if run is None:
        raise Http404(f"Nothing was asked as run {run_id}.")
    return _show(request, run, way)


@door("POST", "/asks", *ASKS, *READS, scope=ApiToken.Scope.LAUNCH, answers=AskShown, status=201)
def create_ask(request: HttpRequest, given: Asking, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Ask about one problem within a budget. A run of it is started, as on the page."""
    return once(request, idempotency_key, given, lambda: _ask(request, given))


def _ask(request: HttpRequest, given: Asking) -> dict[str, JSON]:
    # What is refused leaves nothing, not even the problem that was asked about.
    with transaction.atomic():
        run = ask(actor=asking(request), asked=_asked(request, given))
    return _show(request, run, "")


def _asked(request: HttpRequest, given: Asking) -> Asked:
    """What is asked for. Raises Fault with the field, and ApiProblem where a problem may not be added."""
    ensure_symbolic_views()
    ensure_symbolic()
    sampler = _sampler(given.sampler)
    if given.strategy not in STRATEGIES:
        raise Fault(f"Found {given.strategy[:40]!r}, expected one of {', '.join(STRATEGIES)}.", field="strategy")
    problem = _problem(request, given, sampler)
    return Asked(
        problem=problem,
        sampler=sampler,
        instructions=instructions_for(sampler, problem.kind, given.strategy),
        samples=given.samples,
        strategy=given.strategy,
        settings=given.settings,
        way=given.way,
        budget=Budget(
            given.budget_seconds or None,
            Decimal(str(given.budget_cost)) if given.budget_cost else None,
            given.budget_tokens or None,
        ),
    )


def _sampler(key: int) -> Sampler:
    kinds = (Sampler.Kind.IMPORTED, Sampler.Kind.AGENT)
    found = list_samplers().exclude(kind__in=kinds).filter(pk=key).first()
    if found is None:
        raise Fault(f"Found {key}, expected the id of a sampler that answers.", field="sampler")
    return found


def _problem(request: HttpRequest, given: Asking, sampler: Sampler) -> Problem:
    named = [name for name in ("problem", "question", "task") if getattr(given, name)]
    if len(named) != 1:
        found = " and ".join(named) or "none of them"
        raise Fault(
            f"Found {found}, expected one of problem, question and task.", field=named[-1] if named else "problem"
        )
    if given.problem:
        return find_problem(given.problem)
    require(asking(request), "trajectories.add_problem")
    if given.task:
        return keep_task(actor=asking(request), name="task.json", stream=BytesIO(json.dumps(given.task).encode()))
    if not sampler.is_chat:
        raise AskError(f"{sampler} solves ARC tasks; a question needs a language model.", field="sampler")
    return keep_question(actor=asking(request), text=given.question, kind=ProblemKind(given.kind))


def _estimate(asked: Asked, person: User) -> dict[str, JSON]:
    find_way(asked.problem.kind, asked.way)
    plan = plan_within(asked)
    plan.check(asked.sampler)
    asked.budget.check(asked.sampler)
    if not asked.sampler.is_chat:
        calls = dict.fromkeys(("calls", "most_calls", "input_tokens", "output_tokens"), 0)
        return {"samples": plan.most, **calls, "cost": 0.0, "most_cost": 0.0, "notes": []}
    try:
        found = estimate_plan(plan=plan, sampler=asked.sampler)
    except ValueError as fault:
        raise Fault(str(fault), field="sampler") from fault
    same = ("calls", "most_calls", "input_tokens", "output_tokens")
    limit_note = note_of_plan(costs={asked.sampler.name: found.cost}, person_id=person.pk)
    return {
        "samples": plan.most,
        **{name: getattr(found, name) for name in same},
        **{name: _money(getattr(found, name)) for name in ("cost", "most_cost")},
        "notes": [note for note in (found.temperature_note, found.serving_note, limit_note) if note],
    }


def _money(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


def _row(run: Run) -> dict[str, JSON]:
    return {
        "id": run.pk,
        "state": run.state,
        "problem": (run.kept_plan.problem_ids or [0])[0],
        "sampler": run.sampler_id,
        "drawn": run.done_count,
        "created_at": run.created_at.isoformat(),
    }


def _show(request: HttpRequest, run: Run, way: str) -> dict[str, JSON]:
    """What was asked as it is answered. Raises ApiProblem where the answer would tell what a queue hides."""
    problem = Problem.objects.filter(pk__in=run.kept_plan.problem_ids or ()).first()
    if problem is None:
        raise Http404(f"The problem of run {run.pk} is gone.")
    if tells_hidden(run, problem.pk, sight_of(asking(request))):
        raise ApiProblem(403, HIDDEN)
    chosen = find_way(problem.kind, way or run.kept_plan.asked or "")
    found = consolidate(run, problem, chosen)
    same = ("state_reason", "strategy", "input_tokens", "output_tokens", "budget_tokens", "budget_seconds")
    return {
        **_row(run),
        **{name: getattr(run, name) for name in same},
        "way": chosen.name,
        "samples": most_attempts(run),
        "verified": run.verified_count,
        "cost": float(run.cost),
        "budget_cost": _money(run.budget_cost),
        **_answers(found),
    }


def _answers(found: Consolidated) -> dict[str, JSON]:
    meant = found.meant
    return {
        "answers": [
            {
                "output": each.number,
                "answer": answer.value,
                "share": answer.share,
                "samples": answer.samples,
                "guess": answer.is_guess,
                "outcome": answer.outcome,
                "traces": list(answer.traces),
            }
            for each in found.asked
            for answer in each.answers
        ],
        "votes": found.majority,
        "meant": None
        if meant is None
        else {name: getattr(meant, name) for name in ("low_share", "high_share", "problems", "right")},
    }
