"""The first run of a fresh installation: something to look at a minute after `make run`."""

from django.db import transaction

from trajectories.models import Problem, Run
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.prompts.instructions import ensure_symbolic_views
from trajectories.services.runs import lifecycle
from trajectories.services.runs.plans import Plan

TITLE = "First look: 24 training tasks"
SAMPLES_EACH = 8
TASKS = (
    # Rigid motions, tilings and crops.
    *("67a3c6ac", "68b16354", "74dd1130", "ed36ccf7", "a416b8f3", "6d0aefbc", "c9e6f938", "7468f01a"),
    # Objects: gravity, filling, choosing, counting.
    *("1e0a9b12", "3618c87e", "00d62c1b", "a5313dff", "25ff71a9", "be94b721", "d0f5fe59", "08ed6ac7"),
    # Pixels: colour maps, neighbourhoods, overlays; and a few that a search does not find.
    *("0d3d703e", "b1948b0a", "c8f0f002", "3428a4f5", "fafffa47", "007bbfb7", "05269061", "025d127b"),
)
"""Names of ARC-AGI-1 training tasks, chosen by hand for variety; not all of them can be solved by the search."""


@transaction.atomic
def ensure_demo_run() -> Run | None:
    """Plan the first run, and ring for it, where no run was ever made and the tasks are there; None where there is
    nothing to do."""
    if Run.objects.exists():
        return None
    found = {
        problem.name: problem
        for problem in Problem.objects.filter(name__in=TASKS, problem_set__name="arc-agi-1-training")
    }
    if not found:
        return None
    sampler = ensure_symbolic()
    return lifecycle.plan_run(
        actor=None,
        title=TITLE,
        sampler=sampler,
        plan=Plan(
            problems=[found[name] for name in TASKS if name in found],
            instructions=ensure_symbolic_views(),
            temperatures=[1.0],
            samples_each=SAMPLES_EACH,
        ),
    )
