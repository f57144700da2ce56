"""What a generation of problems may take when it goes on."""

from typing import Annotated, Any

from django.http import Http404, HttpRequest
from pydantic import Field

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.form_bodies import as_decimal
from trajectories.api.jobs import JobShown, read_job
from trajectories.api.shapes import Body, Key
from trajectories.models import ApiToken, GenerationJob
from trajectories.services.generation.jobs import resume_generation
from trajectories.services.runs.plans import Budget

KIND = "generation"


class GenerationBudget(Body):
    """What a generation of problems may take in all from now on; 0 for no limit."""

    budget_cost: Annotated[float, Field(ge=0, lt=10**7)] = 0
    budget_tokens: Annotated[int, Field(ge=0, le=10**15)] = 0


@door(
    "POST",
    "/generation/{generation_id}/resume",
    "trajectories.control_generationjob",
    scope=ApiToken.Scope.LAUNCH,
    answers=JobShown,
    tag="jobs",
)
def resume_generation_within(request: HttpRequest, generation_id: Key, given: GenerationBudget) -> Any:
    """Let a paused generation of problems go on within a budget. 409 unless it is paused."""
    if not GenerationJob.objects.filter(pk=generation_id).exists():
        raise Http404(f"There is no generation of problems {generation_id}.")
    budget = Budget(cost=as_decimal(given.budget_cost), tokens=given.budget_tokens or None)
    resume_generation(actor=asking(request), job_id=generation_id, budget=budget)
    return read_job(asking(request), KIND, generation_id)
