"""The start page: where the loop stands and what to do next."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.models import Queue, SpendAlert
from trajectories.selectors.blinding import ADD_REVIEWS, SEE_REVIEWS, sight_of
from trajectories.selectors.home import (
    WAITING_LIMIT,
    Loop,
    get_loop,
    list_active_runs,
    list_ended_runs,
    list_set_progress,
)
from trajectories.selectors.my_work import get_my_work, last_queue
from trajectories.selectors.queues import QueueRow, list_queues
from trajectories.selectors.spending import list_standings
from trajectories.selectors.threads import MENTIONS_SHOWN, count_unread
from trajectories.selectors.waiting import Waiting, list_waiting
from trajectories.selectors.workers import get_workforce
from trajectories.templatetags.money import money
from trajectories.views.fragments import wants_fragment
from trajectories.views.shown.standing import show_standing
from trajectories.views.visitors import visitor

QUEUES_SHOWN = 6


@dataclass(frozen=True, slots=True)
class NextStep:
    """Something worth doing now, with the button that does it."""

    title: str
    text: str
    address: str
    button: str
    icon: str


@dataclass(frozen=True, slots=True)
class Errand:
    """How a kind of thing that waits is shown: to whom, as what, and which pages have one of them and all of them.

    Where there is no page of one, the list says what is to be done.
    """

    permissions: tuple[str, ...]
    title: str
    what: str
    one: str
    every: str
    icon: str


def _errand(permissions: str, title: str, what: str, one: str, every: str, icon: str = "warning") -> Errand:
    return Errand(tuple(f"trajectories.{each}" for each in permissions.split()), title, what, one, every, icon)


ERRANDS = {
    "paused_runs": _errand("control_run", "Resume a run", "paused run", "run_detail", "run_list", "pause"),
    "paused_generations": _errand(
        "control_generationjob", "Resume a generation", "paused job", "generation_detail", "generation_list", "pause"
    ),
    "paused_judge_jobs": _errand(
        "control_judgejob", "Resume a model judge", "paused job", "judge_job_detail", "judge_job_list", "pause"
    ),
    "paused_campaigns": _errand(
        "add_campaign see_reviews", "Resume a campaign", "paused campaign", "campaign_detail", "campaign_list", "pause"
    ),
    "waiting_trainings": _errand(
        "add_training see_reviews",
        "Say which sampler came of a training",
        "waiting training",
        "training_detail",
        "training_list",
        "clock",
    ),
    "paused_trainings": _errand(
        "add_training see_reviews", "Resume a training", "paused training", "training_detail", "training_list", "pause"
    ),
    "paused_scorers": _errand(
        "add_scorer see_reviews", "Resume a scorer", "paused scorer", "scorer_detail", "scorer_list", "pause"
    ),
    "paused_scorings": _errand(
        "add_scoring see_reviews", "Resume a scoring", "paused scoring", "", "job_list", "pause"
    ),
    "paused_verifications": _errand(
        "add_reverification",
        "Resume a verification",
        "paused verification",
        "reverification_detail",
        "reverification_list",
        "pause",
    ),
    "paused_cuttings": _errand(
        "add_segmentationjob", "Resume a cutting into steps", "paused job", "", "job_list", "pause"
    ),
    "flags": _errand("control_queue", "Answer a reviewer", "open question", "", "queue_list", "comment"),
    "bad_imports": _errand("view_import", "Mend an import", "refused import", "import_detail", "import_list"),
    "failed_runs": _errand("control_run", "Look at a failed run", "failed run", "run_detail", "run_list"),
    "failed_generations": _errand(
        "control_generationjob", "Look at a failed generation", "failed job", "generation_detail", "generation_list"
    ),
    "failed_releases": _errand(
        "add_release see_reviews", "Look at a failed release", "failed release", "release_freezing", "release_list"
    ),
    "failed_trainings": _errand(
        "add_training see_reviews", "Look at a failed training", "failed training", "training_detail", "training_list"
    ),
    "failed_scorers": _errand(
        "add_scorer see_reviews", "Look at a failed scorer", "failed scorer", "scorer_detail", "scorer_list"
    ),
    "failed_scorings": _errand("add_scoring see_reviews", "Look at a failed scoring", "failed scoring", "", "job_list"),
    "failed_deliveries": _errand(
        "add_delivery see_reviews", "Look at a failed delivery", "failed delivery", "delivery_detail", "release_list"
    ),
    "failed_exports": _errand("add_export see_reviews", "Look at a failed export", "failed export", "", "release_list"),
}
"""What may wait for a hand, most urgent first; candidates to review have a sentence of their own."""


@require_safe
@vary_on_headers("HX-Request")
def home(request: HttpRequest) -> HttpResponse:
    """The loop with live counts, running jobs and what to do next; somebody without a role sees how to get one."""
    if not request.user.has_perm("trajectories.view_problem"):
        return render(request, "trajectories/home/no_role.html")
    sight = sight_of(request.user)
    loop, active = get_loop(sight), list_active_runs()
    unread = count_unread(visitor(request))
    waiting = [row for row in list_queues(visitor(request), mine=True) if _waits(row)]
    context: dict[str, Any] = {
        "loop": loop,
        "active": active,
        "ended": list_ended_runs(),
        "steps": [
            *mentions(unread),
            *limits(request.user),
            *errands(request.user),
            *next_steps(request.user, loop, any_active=bool(active)),
        ],
        "workforce": get_workforce(),
        "standing": show_standing(visitor(request)) if loop.problems else (),
        "queues": waiting[:QUEUES_SHOWN],
    }
    if wants_fragment(request):
        return render(request, "trajectories/home/_live.html", context)
    context["sets"] = list_set_progress(sight)
    if request.user.has_perm(ADD_REVIEWS):
        context |= {**_mine(visitor(request), waiting), "unread": unread}
    return render(request, "trajectories/home/home.html", context)


def _mine(person: User, queues: list[QueueRow]) -> dict[str, Any]:
    """What this person has reviewed, and the queue to go on with: the one they were in last, else the first."""
    last = last_queue(person)
    following = next((row for row in queues if row.queue.pk == last), next(iter(queues), None))
    return {"mine": get_my_work(person), "go_on": following}


def _waits(row: QueueRow) -> bool:
    """Whether there is something to review in a queue for who may work on it."""
    return row.is_mine and row.queue.state == Queue.State.OPEN and not row.is_finished


def mentions(count: int) -> Iterator[NextStep]:
    """That somebody calls this person in a thread; nothing of what is said, which they may not know yet."""
    if count:
        more = "+" if count == MENTIONS_SHOWN else ""
        text = f"You are called by name in {count:,}{more} remark{'' if count == 1 else 's'} that you have not read."
        yield NextStep("Read what you are asked", text, reverse("mention_list"), "Read", "comment")


def limits(user: User | AnonymousUser) -> Iterator[NextStep]:
    """Daily limits that are nearly spent or reached, for who may see what is spent."""
    if not user.has_perm("trajectories.view_spendday"):
        return
    for standing in list_standings():
        if standing.level:
            after = "Jobs wait." if standing.level == SpendAlert.Level.REACHED else "Jobs pause once it is spent."
            hidden = standing.limit.is_together and not user.is_superuser
            spent = "Most" if hidden else money(standing.spent)
            text = f"{spent} of {money(standing.limit.amount)} are spent today. {after}"
            yield NextStep(f"Look at {standing.limit}", text, reverse("spending"), "Look at it", "warning")


def errands(user: User | AnonymousUser) -> Iterator[NextStep]:
    """What this person may do something about that goes on by nobody else, most urgent first."""
    kinds = [word for word, errand in ERRANDS.items() if user.has_perms(errand.permissions)]
    reviews = user.has_perm("trajectories.review_problemcandidate")
    found = list_waiting([*kinds, *(["candidates"] if reviews else [])], person_id=user.pk or 0)
    for word in kinds:
        if word in found:
            yield _step(ERRANDS[word], found[word])
    if waiting := found.get("candidates"):
        text = f"{_counted(waiting, 'generated problem')} passed all checks. A person says whether to take them."
        yield NextStep("Review candidates", text, reverse("candidate_next"), "Review", "check")


def _step(errand: Errand, waiting: Waiting) -> NextStep:
    why = waiting.reason.rstrip(".") or "its page says why"
    text = f"“{waiting.name}”: {why}{'' if why.endswith('?') else '.'}"
    if waiting.count > 1:
        text = f"{_counted(waiting, errand.what)}, the newest {text}"
    alone = waiting.count == 1 and errand.one
    address = reverse(errand.one, args=[waiting.newest]) if alone else reverse(errand.every)
    return NextStep(errand.title, text, address, "Look at it" if waiting.count == 1 else "Look at them", errand.icon)


def _counted(waiting: Waiting, what: str) -> str:
    return f"{waiting.count:,} {what}{'' if waiting.count == 1 else 's'}"


def next_steps(user: User | AnonymousUser, loop: Loop, *, any_active: bool) -> Iterator[NextStep]:
    """What this person may and should do now, most urgent first."""
    if not loop.problems:
        if user.has_perm("trajectories.add_problem"):
            text = "Everything starts from problems: ARC tasks as JSON files, a folder or a zip."
            yield NextStep("Import problems", text, reverse("problem_import"), "Import problems", "upload")
        return
    if loop.waiting and user.has_perm("trajectories.add_review"):
        more = "+" if loop.waiting == WAITING_LIMIT else ""
        lacks = "you have not reviewed yet" if loop.own else "have no decision yet"
        text = f"{loop.waiting:,}{more} right samples {lacks}. Accept the ones worth learning from."
        yield NextStep(
            "Review traces",
            text,
            f"{reverse('trace_list')}?correctness=pass&decision=unreviewed",
            "Review traces",
            "check",
        )
    if loop.has_unreleased and user.has_perms(("trajectories.add_release", SEE_REVIEWS)):
        text = f"{loop.accepted:,} samples are accepted, and the newest release holds {loop.released:,}."
        yield NextStep("Freeze a release", text, reverse("release_list"), "Go to releases", "package")
    if not any_active and user.has_perm("trajectories.add_run"):
        left = loop.problems - loop.sampled_problems
        text = f"{left:,} of {loop.problems:,} problems were never sampled." if left else "Ask for more samples."
        yield NextStep("Start a run", text, reverse("run_new"), "New run", "sampler")
