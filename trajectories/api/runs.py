"""Runs: listing and reading them, launching one, and pausing, resuming, cancelling and retrying it."""

from typing import Annotated, Any, Literal

from django.forms import Form
from django.http import Http404, HttpRequest
from ninja import Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.shapes import (
    Body,
    Cursor,
    Free,
    IdempotencyKey,
    Key,
    Limit,
    OneOf,
    RowId,
    Rows,
    Word,
    once,
    rows_of,
)
from trajectories.api.steering import steer_one
from trajectories.core.faults import Fault
from trajectories.core.records import JSON
from trajectories.core.strategies import STRATEGIES
from trajectories.core.strategies.memories import MOST_REMEMBERED, NEAR, MemorySource
from trajectories.forms.run_choices import setting_name
from trajectories.forms.runs import RunForm
from trajectories.models import ApiToken, ProblemSet, Run
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.runs import STATE_FILTERS, get_history, list_runs, with_endings
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.prompts.instructions import ensure_symbolic_views
from trajectories.services.runs.lifecycle import extend_run, plan_run
from trajectories.services.runs.plans import MAX_SAMPLES_EACH, PARALLEL
from trajectories.services.spending.holding import note_of_plan

Money = Annotated[float | None, Field(description="In the currency of the sampler's prices.")]


class RunShown(Schema):
    """A run and how far it has come."""

    id: int
    title: str
    state: str
    state_reason: str
    sampler: int
    problem_set: str | None
    problem_set_id: int | None
    strategy: str
    seed: int
    planned: int
    done: int
    failed: int
    nothing_new: int
    cancelled: int
    verified: int
    scored: int
    correct: int
    cost: Money
    input_tokens: int
    output_tokens: int
    budget_cost: Money
    budget_tokens: int | None
    budget_seconds: int | None
    created_by: str | None
    created_at: str
    started_at: str | None
    finished_at: str | None


class Launch(Free):
    """What a run does, as on its form: samples of each problem, for each instruction and temperature."""

    sampler: Annotated[RowId, Field(description="Id of a sampler.")]
    problem_set: Annotated[Word, Field(description="Name of a set; empty for all.")] = ""
    names: Annotated[list[Word], Field(max_length=2_000, description="Names of problems; empty for all.")] = []
    state: Annotated[str, Field(max_length=20, description="solved, unsolved, unsampled or uncurated.")] = ""
    limit: Annotated[int, Field(ge=0, le=10**6, description="The first so many problems; 0 for all.")] = 0
    samples_each: Annotated[int, Field(ge=1, le=MAX_SAMPLES_EACH)] = 1
    temperatures: Annotated[list[float], Field(min_length=1, max_length=20)] = [1.0]
    instructions: Annotated[
        list[RowId], Field(max_length=200, description="Ids; empty for those that a run begins with.")
    ] = []
    strategy: Annotated[Word, Field(description="Name of a strategy.")] = PARALLEL
    settings: Annotated[dict[str, int], Field(description="Of the strategy, by name.")] = {}
    step_scorer: Annotated[
        int,
        Field(ge=0, lt=2**63, description="Id of a process scorer, for steps of texts; 0 for none."),
    ] = 0
    step_judge: Annotated[
        int,
        Field(ge=0, lt=2**63, description="Id of a sampler that judges steps of texts instead; 0 for none."),
    ] = 0
    step_rubric: Annotated[
        int,
        Field(ge=0, lt=2**63, description="Id of the rubric that it goes by; 0 for the first."),
    ] = 0
    mind: Annotated[int, Field(ge=0, lt=2**63, description="Id of a mind that agents go on from; 0 for none.")] = 0
    mind_parts: Annotated[str, Field(max_length=10, description="all, memory or weights.")] = "all"
    memory: Annotated[
        int, Field(ge=0, le=MOST_REMEMBERED, description="Traces of the nearest other problems shown; 0 for none.")
    ] = 0
    memory_from: Annotated[str, OneOf([source.value for source in MemorySource])] = MemorySource.PEOPLE.value
    memory_release: Annotated[int, Field(ge=0, lt=2**63, description="Where memory_from is release; 0 for none.")] = 0
    memory_any_split: Annotated[bool, Field(description="Traces of problems of the evaluation split too.")] = False
    memory_near: Annotated[float, Field(ge=0.1, le=1, description="Near duplicates from; none of one is shown.")] = NEAR
    memory_embedder: Annotated[
        int,
        Field(ge=0, lt=2**63, description="Id of a sampler whose embeddings say what is near; 0 for words."),
    ] = 0
    seed: Annotated[int, Field(ge=-1, lt=2**63, description="-1 to have one drawn.")] = -1
    title: Word = ""
    budget_cost: Annotated[float, Field(ge=0, lt=10**7, description="0 for none.")] = 0
    budget_tokens: Annotated[int, Field(ge=0, le=10**15, description="0 for none.")] = 0
    budget_minutes: Annotated[float, Field(ge=0, le=60 * 24 * 365, description="0 for none.")] = 0
    fresh: Annotated[bool, Field(description="Ask everything anew, also what was paid for before.")] = False
    segmentation: Annotated[
        Word,
        Field(description="How traces are cut into steps: paragraphs:1, sentences:1, ..., “model 3” for sampler 3."),
    ] = ""


class RunEstimate(Schema):
    """What a run may take: samples, calls, tokens, money (null where a price is unknown) and seconds, as far as
    they are known. `most_calls` and `most_cost` are those of a strategy that uses all it may; `notes` say what to know
    before."""

    samples: int
    calls: int
    most_calls: int
    input_tokens: int
    output_tokens: int
    cost: Money
    most_cost: Money
    seconds: float | None
    notes: list[str]


class More(Body):
    """How many samples of each problem there shall be in all."""

    samples_each: Annotated[int, Field(ge=2, le=MAX_SAMPLES_EACH)]


@door("GET", "/runs", "trajectories.view_run", answers=Rows[RunShown])
def list_all_runs(
    request: HttpRequest,  # noqa: ARG001
    state: Annotated[str, OneOf(["", *STATE_FILTERS])] = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Any:
    """Runs, newest first."""
    return rows_of(list_runs(state=state, before=cursor, size=limit), show_run)


@door("POST", "/runs/estimate", "trajectories.add_run", scope=ApiToken.Scope.LAUNCH, answers=RunEstimate)
def estimate_run(request: HttpRequest, given: Launch) -> Any:
    """What a run may take. Nothing is launched."""
    data = _planned(request, given)
    plan, found = data["plan"], data["estimate"]
    if found is None:
        seconds = get_history(data["sampler"]).seconds_for(len(plan.problems))
        nothing: dict[str, JSON] = dict.fromkeys(("calls", "most_calls", "input_tokens", "output_tokens"), 0)
        return {"samples": plan.size, **nothing, "cost": 0.0, "most_cost": 0.0, "seconds": seconds, "notes": []}
    same = ("calls", "most_calls", "input_tokens", "output_tokens", "seconds")
    costs = {name: getattr(found, name) for name in ("cost", "most_cost")}
    notes = [getattr(found, f"{name}_note") for name in ("temperature", "memory", "judge", "serving")]
    notes.append(note_of_plan(costs={data["sampler"].name: found.cost}, person_id=asking(request).pk))
    return {
        "samples": plan.size,
        **{name: getattr(found, name) for name in same},
        **{name: None if amount is None else float(amount) for name, amount in costs.items()},
        "notes": [note for note in notes if note],
    }


@door("GET", "/runs/{run_id}", "trajectories.view_run", answers=RunShown)
def get_run(request: HttpRequest, run_id: Key) -> Any:  # noqa: ARG001
    """One run."""
    return show_run(find_run(run_id))


def find_run(run_id: int) -> Run:
    """A run with what is told of it. Raises Http404."""
    runs = with_endings(Run.objects.select_related("sampler", "problem_set", "created_by").defer("plan"))
    run = runs.filter(pk=run_id).first()
    if run is None:
        raise Http404(f"There is no run {run_id}.")
    return run


def show_run(run: Any) -> dict[str, JSON]:
    """A run as it is answered."""
    same = ("id", "title", "state", "state_reason", "strategy", "seed", "input_tokens", "output_tokens")
    counted = ("planned", "done", "cancelled", "verified", "scored", "correct")
    counts = {name: getattr(run, f"{name}_count") for name in counted}
    times = {name: getattr(run, name) for name in ("created_at", "started_at", "finished_at")}
    return {
        **{name: getattr(run, name) for name in (*same, "budget_tokens", "budget_seconds")},
        **counts,
        **{name: None if at is None else at.isoformat() for name, at in times.items()},
        "failed": run.broken_count,
        "nothing_new": run.nothing_new_count,
        "sampler": run.sampler_id,
        "problem_set": run.problem_set.name if run.problem_set else None,
        "problem_set_id": run.problem_set_id,
        "cost": float(run.cost),
        "budget_cost": None if run.budget_cost is None else float(run.budget_cost),
        "created_by": run.created_by.username if run.created_by else None,
    }


@door("POST", "/runs", "trajectories.add_run", scope=ApiToken.Scope.LAUNCH, answers=RunShown, status=201)
def launch_run(request: HttpRequest, given: Launch, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Launch a run. It is checked, planned and paid for as one that is launched on its page."""
    return once(request, idempotency_key, given, lambda: _launch(request, given))


def _launch(request: HttpRequest, given: Launch) -> dict[str, JSON]:
    data = _planned(request, given)
    run = plan_run(
        actor=asking(request),
        **{name: data[name] for name in ("title", "sampler", "plan", "seed", "problem_set", "budget", "options")},
        cutting=data["segmentation"],
    )
    return show_run(find_run(run.pk))


def _planned(request: HttpRequest, given: Launch) -> dict[str, Any]:
    """What a run is launched with, as its form has checked it. Raises Fault, with the field."""
    ensure_symbolic_views()
    ensure_symbolic()
    asked, sight = _as_form(given), sight_of(asking(request))
    if not given.instructions:
        fresh = RunForm(initial={"problem_set": asked["problem_set"] or None}, sight=sight)
        asked["instructions"] = [str(key) for key in fresh.fields["instructions"].initial]
    form = RunForm(asked, sight=sight)
    if not form.is_valid():
        raise fault_of(form)
    data = form.cleaned_data
    if given.step_scorer and data["plan"].step_scorer is None:
        text = f"Found {given.step_scorer}, expected 0: only steps of texts by a language model are scored."
        raise Fault(text, field="step_scorer")
    if given.step_judge and data["plan"].step_judge is None:
        text = f"Found {given.step_judge}, expected 0: only steps of texts by a language model are judged."
        raise Fault(text, field="step_judge")
    if given.mind and data["plan"].mind is None:
        raise Fault(f"Found {given.mind}, expected 0: only agents in worlds have a mind to go on from.", field="mind")
    taken = {each.pk for each in data["plan"].instructions}
    if left_out := [key for key in given.instructions if key not in taken]:
        raise Fault(
            f"Found {left_out[0]}, expected instructions that suit the sampler and the strategy.", field="instructions"
        )
    return data


def _as_form(given: Launch) -> dict[str, Any]:
    """What is asked for as the form of the page has it."""
    strategy = STRATEGIES.get(given.strategy)
    if strategy is None:
        raise Fault(f"Found {given.strategy[:40]!r}, expected one of {', '.join(STRATEGIES)}.", field="strategy")
    known = {each.name: each for each in strategy.parameters}
    if strange := sorted(given.settings.keys() - known.keys()):
        raise Fault(f"Found {strange[0][:40]!r}, expected one of {', '.join(known) or 'none'}.", field="settings")
    found = ProblemSet.objects.filter(name=given.problem_set).first() if given.problem_set else None
    if given.problem_set and found is None:
        raise Fault(f"Found no problem set {given.problem_set[:80]!r}, expected the name of one.", field="problem_set")
    return {
        **{
            name: getattr(given, name)
            for name in (
                *("sampler", "state", "samples_each", "title", "fresh", "strategy", "segmentation"),
                *("memory", "memory_from", "memory_any_split", "memory_near"),
            )
        },
        "memory_release": given.memory_release or "",
        "memory_embedder": given.memory_embedder or "",
        **{name: getattr(given, name) or None for name in ("limit", "budget_cost", "budget_tokens", "budget_minutes")},
        "problem_set": found.pk if found else "",
        "names": " ".join(given.names),
        "temperatures": " ".join(f"{each:g}" for each in given.temperatures),
        "instructions": [str(key) for key in given.instructions],
        **{name: getattr(given, name) or None for name in ("step_scorer", "step_judge", "step_rubric")},
        "mind": given.mind or None,
        "mind_parts": given.mind_parts,
        "seed": None if given.seed < 0 else given.seed,
        **{setting_name(strategy, each): given.settings.get(name, each.default) for name, each in known.items()},
    }


def fault_of(form: Form) -> Fault:
    """What is wrong with a form that was refused, as one fault."""
    name, errors = next(iter(form.errors.items()))
    said = str(errors[0])
    return Fault(said if name == "__all__" else f"{name}: {said}", field="" if name == "__all__" else name)


@door("POST", "/runs/{run_id}/extend", "trajectories.add_run", scope=ApiToken.Scope.LAUNCH, answers=RunShown)
def draw_more(request: HttpRequest, run_id: Key, given: More) -> Any:
    """Draw more samples of each problem of a finished run, with its seed. 409 where it cannot be gone on with."""
    found = Run.objects.select_related("sampler").filter(pk=run_id).first()
    if found is None:
        raise Http404(f"There is no run {run_id}.")
    extend_run(actor=asking(request), run=found, samples_each=given.samples_each)
    return show_run(find_run(run_id))


@door("POST", "/runs/{run_id}/{verb}", "trajectories.view_run", scope=ApiToken.Scope.LAUNCH, answers=RunShown)
def steer_run(request: HttpRequest, run_id: Key, verb: Literal["pause", "resume", "cancel", "retry"]) -> Any:
    """Pause a run, go on with it, cancel it for good, or draw its failed samples again once it has ended. 409 where it
    is in no state for that."""
    steer_one(request, "run", verb, run_id)
    return show_run(find_run(run_id))
