"""All background jobs on one page: how far each is, what it takes, who does the work, and what went wrong."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import get_text_list
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from trajectories.models import JOB_KINDS, SegmentationJob
from trajectories.selectors.broker_queues import get_queues
from trajectories.selectors.jobs import (
    STATE_FILTERS,
    count_unfinished,
    get_jobs,
    kinds_seen,
    list_jobs,
    list_trouble,
    read_job_key,
)
from trajectories.selectors.segmentations import list_uncut
from trajectories.selectors.workers import get_workforce, list_workers
from trajectories.services.jobs.steering import JobError
from trajectories.services.training.abilities import ability_words
from trajectories.tasks.jobs import ControlDeniedError, controls_of, steer_job
from trajectories.views.fragments import wants_fragment
from trajectories.views.permissions import MissingPermission, needs, require
from trajectories.views.shown.campaigns import part_of
from trajectories.views.visitors import visitor

view_jobs = needs("trajectories.view_run")
KEPT = ("kind", "state", "before", "after")
"""Parameters of the list's address that a move leads back to."""
UNCUT_SHOWN = 50
"""Traces of a job that cuts them, of those that were left as they were."""


@require_safe
@view_jobs
@vary_on_headers("HX-Request")
def job_list(request: HttpRequest) -> HttpResponse:
    """Jobs of every kind that the visitor may see, newest first; workers, queues and what went wrong."""
    seen = kinds_seen(request.user)
    kind, state = request.GET.get("kind", ""), request.GET.get("state", "")
    page = list_jobs(
        [each for each in seen if kind in ("", each)],
        state=state,
        before=read_job_key(request.GET.get("before", "")),
        after=read_job_key(request.GET.get("after", "")),
    )
    context: dict[str, Any] = {
        "kind": kind,
        "kinds": [(each, JOB_KINDS[each].plural) for each in seen],
        "named": get_text_list([JOB_KINDS[each].plural.lower() for each in seen], "and"),
        "state": state,
        "states": [(word, title) for word, (title, _) in STATE_FILTERS.items()],
        "page": page,
        "rows": [(row, controls_of(request.user, row.kind, row.job)) for row in page.rows],
        "back": urlencode({name: request.GET[name] for name in KEPT if request.GET.get(name)}),
        "unfinished": _totals(seen),
        "trouble": list_trouble(seen),
        "workforce": get_workforce(),
        "workers": [(worker, ability_words(worker)) for worker in list_workers()],
        "queues": get_queues(),
    }
    template = "_live" if wants_fragment(request) else "list"
    return render(request, f"trajectories/jobs/{template}.html", context)


def _totals(kinds: list[str]) -> dict[str, int]:
    """How many jobs there are in each state that is no end."""
    totals = dict.fromkeys(("queued", "running", "paused"), 0)
    for counts in count_unfinished(kinds).values():
        for state, count in counts.items():
            totals[state] += count
    return totals


@require_safe
@view_jobs
def job_detail(request: HttpRequest, kind: str, job_id: int) -> HttpResponse:
    """One job of a kind without pages of its own: its state, how far it is, what it takes, and what can be done."""
    if kind not in JOB_KINDS:
        raise Http404("There is no such kind of job.")
    if JOB_KINDS[kind].page:
        return redirect(JOB_KINDS[kind].address(job_id))
    require(request.user, *JOB_KINDS[kind].permissions)
    rows = get_jobs(kind, [job_id])
    if not rows:
        raise Http404(f"There is no {JOB_KINDS[kind].noun} {job_id}.")
    job = rows[0].job
    context: dict[str, Any] = {
        "row": rows[0],
        "rows": [(rows[0], controls_of(request.user, kind, job))],
        "back": "then=page",
    }
    context["part_of"] = part_of(request, kind, job.pk)
    if isinstance(job, SegmentationJob) and job.error_count:
        context["uncut"] = list_uncut(job, UNCUT_SHOWN)
    return render(request, "trajectories/jobs/detail.html", context)


@require_POST
@view_jobs
def job_steer(request: HttpRequest, kind: str, job_id: int, verb: str) -> HttpResponse:
    """Pause, resume, cancel or try again one job of any kind; a refusal becomes a message."""
    if kind not in JOB_KINDS or verb not in JOB_KINDS[kind].moves:
        raise Http404("There is no such job, or nothing like that can be done to it.")
    try:
        steer_job(actor=visitor(request), kind=kind, verb=verb, job_id=job_id)
    except ControlDeniedError as refusal:
        raise MissingPermission(request.user, refusal.missing) from refusal
    except ObjectDoesNotExist as fault:
        raise Http404(f"There is no {JOB_KINDS[kind].noun} {job_id}.") from fault
    except JobError as refusal:
        messages.error(request, str(refusal))
    if request.GET.get("then") == "page":
        return redirect(JOB_KINDS[kind].address(job_id))
    back = urlencode({name: request.GET[name] for name in KEPT if request.GET.get(name)})
    return redirect(f"{reverse('job_list')}{'?' if back else ''}{back}")
