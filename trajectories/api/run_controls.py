"""What is done with a run besides steering it: its control without memory, and looking on while it samples."""

from typing import Annotated, Any

from django.http import Http404, HttpRequest
from ninja import Query, Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.runs import RunShown, find_run, show_run
from trajectories.api.shapes import Cursor, IdempotencyKey, Key, Limit, Rows, once, rows_of
from trajectories.core.records import JSON
from trajectories.models import ApiToken, Attempt, AttemptWatch, Run
from trajectories.selectors.blinding import Hidden, sight_of
from trajectories.selectors.watches import Seen, list_under_way, news_of
from trajectories.services.runs.controls import plan_without_memory
from trajectories.services.runs.watches import OPEN, watch_attempt

Count = Annotated[int, Field(ge=0, lt=2**31)]


class AttemptUnderWay(Schema):
    """An attempt that a worker is at."""

    id: int
    problem: int
    problem_name: str
    instruction: int | None
    temperature: float | None


class Have(Schema):
    """What you have of an attempt already: of which take and revision, and how many steps and characters."""

    take: Count = 0
    steps: Count = 0
    revision: Count = 0
    thoughts: Count = 0
    text: Count = 0


class WatchShown(Schema):
    """What a worker tells of an attempt: the steps of the calls that have ended, behind those that you have (all of
    them where `begins_anew`), and the thoughts and the text of the call under way, behind what you have (all of it
    where it `replaces` that). Ask again with `take`, `revision` and the numbers of steps and characters that you have
    by then. `trace` is there once the attempt has one and no queue hides whose it is."""

    state: str
    trace: int | None
    take: int
    revision: int
    calls: int
    begins_anew: bool
    replaces: bool
    steps: list[dict[str, Any]]
    thoughts: str
    text: str


@door(
    "POST",
    "/runs/{run_id}/without_memory",
    "trajectories.add_run",
    scope=ApiToken.Scope.LAUNCH,
    answers=RunShown,
    status=201,
)
def run_control(request: HttpRequest, run_id: Key, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Launch the control of a run with a memory: the same without one, with as many samples as take about the same
    money."""

    def make() -> dict[str, JSON]:
        return show_run(find_run(plan_without_memory(actor=asking(request), run=_find(run_id)).pk))

    return once(request, idempotency_key, {}, make)


def _find(run_id: int) -> Run:
    found = Run.objects.select_related("sampler").filter(pk=run_id).first()
    if found is None:
        raise Http404(f"There is no run {run_id}.")
    return found


@door("GET", "/runs/{run_id}/under_way", "trajectories.view_run", answers=Rows[AttemptUnderWay])
def list_attempts_under_way(request: HttpRequest, run_id: Key, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """The attempts of a run that workers are at now."""
    return rows_of(list_under_way(_find(run_id), after=cursor, size=limit), _attempt)


def _attempt(attempt: Attempt) -> dict[str, JSON]:
    return {
        "id": attempt.pk,
        "problem": attempt.problem_id,
        "problem_name": attempt.problem.name,
        "instruction": attempt.instruction_id,
        "temperature": attempt.temperature,
    }


@door(
    "GET",
    "/runs/{run_id}/attempts/{attempt_id}",
    *("trajectories.view_run", "trajectories.view_trace"),
    answers=WatchShown,
)
def watch_one_attempt(
    request: HttpRequest,
    run_id: Key,
    attempt_id: Key,
    have: Annotated[Have, Query()],
) -> Any:
    """What has come of an attempt that is sampled now. Its worker tells of it for as long as somebody asks."""
    attempts = Attempt.objects.select_related("run__sampler", "trace")
    attempt = attempts.filter(run=run_id, pk=attempt_id).first()
    if attempt is None:
        raise Http404(f"There is no attempt {attempt_id} in run {run_id}.")
    trace = getattr(attempt, "trace", None)
    is_hidden = trace is not None and sight_of(asking(request)).hides(Hidden.SAMPLER, trace.pk)
    is_open = attempt.state in OPEN
    watch = watch_attempt(attempt=attempt) if is_open else AttemptWatch(attempt=attempt)
    news = news_of(watch, Seen(**have.model_dump()))
    return {
        "state": attempt.state,
        "trace": None if trace is None or is_hidden else trace.pk,
        **{name: getattr(watch, name) for name in ("take", "revision", "calls")},
        **{name: getattr(news, name) for name in ("begins_anew", "replaces", "thoughts", "text")},
        "steps": [dict(step) for step in news.steps],
    }
