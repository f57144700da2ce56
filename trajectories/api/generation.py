"""Generation of problems: what a plan would ask for, asking for it, and how far it is."""

from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.form_filling import checked, filled_in
from trajectories.api.shapes import Cursor, Free, IdempotencyKey, Key, Limit, OneOf, RowId, Rows, Word, once, rows_of
from trajectories.core.generation import GENERATORS
from trajectories.core.generation.base import Proposal
from trajectories.core.generation.briefs import TARGETS
from trajectories.core.records import JSON
from trajectories.forms.generation import GenerationForm
from trajectories.models import ApiToken, GenerationJob
from trajectories.selectors.briefs import list_briefs
from trajectories.selectors.generation import get_generation_job, get_generation_progress
from trajectories.selectors.paging import page_by_id
from trajectories.services.generation.estimates import estimate_generation
from trajectories.services.generation.jobs import plan_generation
from trajectories.services.generation.previews import preview_generation
from trajectories.services.prompts.briefs import ensure_shipped_briefs
from trajectories.services.spending.holding import note_of_plan

VIEW, ADD = "trajectories.view_generationjob", "trajectories.add_generationjob"
Money = Annotated[float | None, Field(description="In the currency of the models' prices.")]
Whole = Annotated[int | None, Field(ge=0, lt=2**63)]
Share = Annotated[float | None, Field(ge=0, le=1)]


class BriefRow(Schema):
    """What a model that writes problems is told, in its newest version."""

    id: int
    name: str
    title: str
    version: int
    generator: str
    problem_kind: str


class ProblemGenerationRow(Schema):
    """A generation of a list: `wanted` problems that pass all checks. It is steered as a job of the kind
    `generation`."""

    id: int
    title: str
    generator: str
    state: str
    reason: str
    wanted: int
    seed: int
    sampler: int | None
    solver: int | None
    cost: Money
    tokens: int
    budget_cost: Money
    budget_tokens: int | None
    created_by: str | None
    created_at: str
    finished_at: str | None


class ProblemGeneration(ProblemGenerationRow):
    """A generation with its plan, its candidates by state, how many passed the checks, its calls, and the answers of
    samples that tried candidates."""

    plan: dict[str, Any]
    states: dict[str, int]
    passed: int
    proposed: int
    calls: int
    failed_calls: int
    answers: int
    failed_answers: int


class Generate(Free):
    """What to make, as on the form of its generator; what is left out is as the form begins. Fields that a generator
    does not have are refused."""

    generator: Annotated[str, OneOf(GENERATORS)]
    set_title: Annotated[Word, Field(min_length=1, max_length=80, description="The set that accepted ones go to.")]
    wanted: Annotated[int | None, Field(ge=1, le=10**6, description="Problems that pass all checks.")] = None
    split: Annotated[str | None, OneOf(["train", "eval"])] = None
    title: Word | None = None
    sampler: Annotated[RowId | None, Field(description="Id of the model that writes.")] = None
    brief: Annotated[RowId | None, Field(description="Id of what it is told.")] = None
    kind: Annotated[str, OneOf(["", *(kind.value for kind in TARGETS)])] | None = None
    source_set: Annotated[RowId | None, Field(description="Id of the set that is started from.")] = None
    family: Word | None = None
    procedural_family: Word | None = None
    knobs: Annotated[dict[str, Any] | None, Field(max_length=100)] = None
    symmetries: bool | None = None
    colours: bool | None = None
    order: bool | None = None
    resplit: bool | None = None
    per_call: Whole = None
    words_each: Whole = None
    features_each: Whole = None
    temperature: Annotated[float | None, Field(ge=0, le=100)] = None
    threshold: Annotated[Share, Field(description="Near duplicate from.")] = None
    solver: Annotated[RowId | None, Field(description="Id of the sampler whose samples have to agree.")] = None
    instruction: RowId | None = None
    solver_samples: Whole = None
    solver_temperature: Annotated[float | None, Field(ge=0, le=100)] = None
    least_share: Share = None
    budget_cost: Annotated[float | None, Field(ge=0, lt=10**7)] = None
    budget_tokens: Annotated[int | None, Field(ge=0, le=10**15)] = None
    most_calls: Whole = None
    seed: Whole = None


class MessageShown(Schema):
    """A message that the first call would send."""

    role: str
    content: str


class ProposalShown(Schema):
    """A problem that a generator without a model makes first, or in `fault` why what it made is none."""

    statement: str
    spec: dict[str, Any]
    answer: Any
    fault: str


class GenerationPreviewed(Schema):
    """What a plan comes to first: the exact messages with their estimated tokens, or the first problems made; calls
    that it needs at the least, samples of the solver, and about what these take: an estimate, never a bill. `cost` is
    null where a price is not known, `notes` are what to know before."""

    messages: list[MessageShown]
    tokens: int
    proposals: list[ProposalShown]
    source: int | None
    needed: int
    to_solve: int
    input_tokens: int
    output_tokens: int
    cost: Money
    notes: list[str]


@door("GET", "/briefs", "trajectories.view_brief", answers=Rows[BriefRow], tag="generation")
def list_all_briefs(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """Briefs, each in its newest version, in order of making."""
    ensure_shipped_briefs()
    page = page_by_id(list_briefs(), size=limit, after=cursor, newest_first=False)
    return rows_of(page, lambda brief: {name: getattr(brief, name) for name in BriefRow.model_fields})


@door("GET", "/generation", VIEW, answers=Rows[ProblemGenerationRow])
def list_generations(request: HttpRequest, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """Generations of problems, newest first."""
    return rows_of(page_by_id(GenerationJob.objects.select_related("created_by"), size=limit, before=cursor), _row)


def _row(job: GenerationJob) -> dict[str, JSON]:
    return {
        **{name: getattr(job, name) for name in ("id", "title", "generator", "state", "wanted", "seed")},
        "reason": job.state_reason,
        "sampler": job.sampler_id,
        "solver": job.solver_id,
        "cost": float(job.cost),
        "tokens": job.input_tokens + job.output_tokens,
        "budget_cost": None if job.budget_cost is None else float(job.budget_cost),
        "budget_tokens": job.budget_tokens,
        "created_by": job.created_by.username if job.created_by else None,
        "created_at": job.created_at.isoformat(),
        "finished_at": job.finished_at.isoformat() if job.finished_at else None,
    }


@door("GET", "/generation/{generation_id}", VIEW, answers=ProblemGeneration)
def get_generation(request: HttpRequest, generation_id: Key) -> Any:  # noqa: ARG001
    """One generation, and what became of its candidates."""
    return _shown(generation_id)


def _shown(generation_id: int) -> dict[str, JSON]:
    job = get_generation_job(generation_id)
    if job is None:
        raise Http404(f"There is no generation {generation_id}.")
    progress = get_generation_progress(job)
    same = ("passed", "proposed", "calls", "failed_calls", "answers", "failed_answers")
    return {
        **_row(job),
        "plan": dict(job.plan),
        "states": dict(progress.states),
        **{name: getattr(progress, name) for name in same},
    }


def _form(given: Generate) -> GenerationForm:
    ensure_shipped_briefs()
    unbound = GenerationForm(given.generator)
    said = {name: value for name, value in given.model_dump(exclude={"generator"}).items() if value is not None}
    return checked(GenerationForm(given.generator, filled_in(unbound, said)))


@door("POST", "/generation/preview", ADD, scope=ApiToken.Scope.LAUNCH, answers=GenerationPreviewed)
def preview_one_generation(request: HttpRequest, given: Generate) -> Any:
    """What a plan would ask for, or make, first. Nothing is asked and nothing is stored."""
    plan = _form(given).plan
    found = preview_generation(recipe=plan.recipe, seed=plan.seed, source_set=plan.source_set)
    estimate = estimate_generation(plan=plan, preview=found)
    limit_note = note_of_plan(costs=estimate.costs, person_id=asking(request).pk, noun="job")
    return {
        "messages": [{"role": str(each["role"]), "content": str(each["content"])} for each in found.messages],
        "tokens": found.tokens,
        "proposals": [_proposal(each) for each in found.proposals],
        "source": found.source.pk if found.source else None,
        "needed": estimate.calls,
        "to_solve": estimate.to_solve,
        "input_tokens": estimate.input_tokens,
        "output_tokens": estimate.output_tokens,
        "cost": None if estimate.cost is None else float(estimate.cost),
        "notes": [limit_note] if limit_note else [],
    }


def _proposal(proposal: Proposal) -> dict[str, JSON]:
    record = proposal.record
    if record is None:
        return {"statement": "", "spec": {}, "answer": None, "fault": proposal.fault}
    return {"statement": record.statement, "spec": dict(record.spec), "answer": record.reference, "fault": ""}


@door("POST", "/generation", ADD, scope=ApiToken.Scope.LAUNCH, answers=ProblemGeneration, status=201)
def generate_problems(request: HttpRequest, given: Generate, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Have problems generated within the budget, which the workers do; what passes the checks waits among the
    candidates."""

    def make() -> dict[str, JSON]:
        return _shown(plan_generation(actor=asking(request), plan=_form(given).plan).pk)

    return once(request, idempotency_key, given, make)
