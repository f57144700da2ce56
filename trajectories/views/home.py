"""The start page: where the loop stands and what to do next."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.selectors.blinding import SEE_REVIEWS, sight_of
from trajectories.selectors.home import (
    WAITING_LIMIT,
    Loop,
    get_loop,
    list_active_runs,
    list_ended_runs,
    list_set_progress,
)
from trajectories.selectors.workers import get_workforce
from trajectories.views.fragments import wants_fragment


@dataclass(frozen=True, slots=True)
class NextStep:
    """Something worth doing now, with the button that does it."""

    title: str
    text: str
    address: str
    button: str
    icon: str


@require_safe
@vary_on_headers("HX-Request")
def home(request: HttpRequest) -> HttpResponse:
    """The loop with live counts, running jobs and what to do next; somebody without a role sees how to get one."""
    if not request.user.has_perm("trajectories.view_problem"):
        return render(request, "trajectories/home/no_role.html")
    sight = sight_of(request.user)
    loop, active = get_loop(sight), list_active_runs()
    context: dict[str, Any] = {
        "loop": loop,
        "active": active,
        "ended": list_ended_runs(),
        "steps": list(next_steps(request.user, loop, any_active=bool(active))),
        "workforce": get_workforce(),
    }
    if wants_fragment(request):
        return render(request, "trajectories/home/_live.html", context)
    context["sets"] = list_set_progress(sight)
    return render(request, "trajectories/home/home.html", context)


def next_steps(user: User | AnonymousUser, loop: Loop, *, any_active: bool) -> Iterator[NextStep]:
    """What this person may and should do now, most urgent first."""
    if not loop.problems:
        if user.has_perm("trajectories.add_problem"):
            text = "Everything starts from problems: ARC tasks as JSON files, a folder or a zip."
            yield NextStep("Import problems", text, "/problems/import/", "Import problems", "upload")
        return
    if loop.waiting and user.has_perm("trajectories.add_review"):
        more = "+" if loop.waiting == WAITING_LIMIT else ""
        lacks = "you have not reviewed yet" if loop.own else "have no decision yet"
        text = f"{loop.waiting:,}{more} right samples {lacks}. Accept the ones worth learning from."
        yield NextStep("Judge traces", text, "/traces/?correctness=pass&decision=unjudged", "Judge traces", "check")
    if loop.has_unreleased and user.has_perms(("trajectories.add_release", SEE_REVIEWS)):
        text = f"{loop.accepted:,} samples are accepted, and the newest release holds {loop.released:,}."
        yield NextStep("Freeze a release", text, "/releases/", "Go to releases", "package")
    if not any_active and user.has_perm("trajectories.add_run"):
        left = loop.problems - loop.sampled_problems
        text = f"{left:,} of {loop.problems:,} problems were never sampled." if left else "Ask for more samples."
        yield NextStep("Start a run", text, "/runs/new/", "New run", "sampler")
