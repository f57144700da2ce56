"""Releases: freezing accepted traces, and what a frozen release holds."""

import json
from itertools import islice
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRedirect

from trajectories.core.exporters import DEFAULT_THOUGHTS, EXPORTERS, ExportItem, Thoughts
from trajectories.forms.releases import ExportForm, KeyForm, ReleaseForm
from trajectories.forms.traces import TraceScopeForm
from trajectories.models import Freezing, Release
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.selectors.exports import iterate_items, preview_items
from trajectories.selectors.releases import (
    ReleaseRule,
    count_eligible,
    count_left_out,
    eligible_traces,
    list_active_freezings,
    list_releases,
)
from trajectories.selectors.traces import COUNT_LIMIT
from trajectories.services.releases.freezing import ReleaseError, plan_freezing
from trajectories.views.exports import describe_exports
from trajectories.views.fragments import wants_fragment
from trajectories.views.paging import read_key
from trajectories.views.permissions import needs
from trajectories.views.visitors import visitor

PREVIEW_ROWS = 3
LOOKED_THROUGH = 100
"""Items among which rows are looked for, where a format takes few of them."""
PAGE_ROWS = 50
DEFAULT_FORMAT = next(iter(EXPORTERS))
THOUGHTS_TABS = [
    (how.value, {"tags": "<think> tags", "none": "left out"}.get(how.value, how.value)) for how in Thoughts
]

# A release is made of what everybody decided: it says of each trace that it was accepted.
view_releases = needs("trajectories.view_release", SEE_REVIEWS)
add_releases = needs("trajectories.add_release", SEE_REVIEWS)
add_exports = needs("trajectories.add_export")


@require_safe
@view_releases
def release_list(request: HttpRequest) -> HttpResponse:
    """Releases, newest first, a page at a time."""
    rows = list_releases(before=read_key(request, "before"), size=PAGE_ROWS + 1)
    freezings = list_active_freezings()
    context = {
        "freezings": freezings,
        "releases": rows[:PAGE_ROWS],
        "older": rows[PAGE_ROWS - 1].pk if len(rows) > PAGE_ROWS else None,
    }
    return render(request, "trajectories/releases/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@add_releases
def release_new(request: HttpRequest) -> HttpResponse:
    """Choose what goes in, with the count and the first rows at once, and freeze it."""
    if request.method == "POST":
        return _freeze(request)
    if wants_fragment(request):
        response = render(request, "trajectories/releases/_preview.html", _preview(ReleaseForm(request.GET)))
    else:
        given = {name: value for name, value in request.GET.items() if value}
        form = ReleaseForm(initial=given)
        response = render(
            request, "trajectories/releases/new.html", {"form": form, **_preview(ReleaseForm(request.GET))}
        )
    patch_vary_headers(response, ["HX-Request"])
    return response


def _freeze(request: HttpRequest) -> HttpResponse:
    form = ReleaseForm(request.POST)
    if form.is_valid():
        try:
            job = plan_freezing(
                actor=visitor(request),
                title=form.cleaned_data["title"],
                rule=form.rule(),
                key=form.cleaned_data["key"],
            )
        except ReleaseError as fault:
            form.add_error(None, str(fault))
        else:
            return redirect(_address(job))
    context = {"form": form, **_preview(form)}
    return render(request, "trajectories/releases/new.html", context, status=422)


def _address(job: Freezing) -> str:
    """Where to look at what a job is making, or has made."""
    if job.release_id is not None:
        return reverse("release_detail", args=[job.release_id])
    return reverse("release_freezing", args=[job.pk])


@require_safe
@view_releases
@vary_on_headers("HX-Request")
def release_freezing(request: HttpRequest, job_id: int) -> HttpResponse:
    """How far a release is; once it is there, this leads to it."""
    job = get_object_or_404(Freezing.objects.select_related("created_by"), pk=job_id)
    if job.release_id is not None:
        return HttpResponseClientRedirect(_address(job)) if wants_fragment(request) else redirect(_address(job))
    name = "_freezing" if wants_fragment(request) else "freezing"
    return render(request, f"trajectories/releases/{name}.html", {"job": job})


def _preview(form: ReleaseForm) -> dict[str, Any]:
    """How many traces the rule takes and the rows of the first; what is not valid yet counts as not given."""
    form.is_valid()
    rule = form.rule()
    count = count_eligible(rule)
    related = ("prompt", "reasoning", "program", "problem")
    traces = list(eligible_traces(rule).select_related(*related)[:PREVIEW_ROWS]) if count else []
    return {
        "count": count,
        "capped": count == COUNT_LIMIT,
        "left_out": count_left_out(rule),
        "rows": [_pretty_row(DEFAULT_FORMAT, item) for item in preview_items(traces)],
        "row_format": DEFAULT_FORMAT,
    }


def _pretty_row(export_format: str, item: ExportItem, thoughts: Thoughts = DEFAULT_THOUGHTS) -> str:
    return json.dumps(EXPORTERS[export_format].row(item, thoughts), ensure_ascii=False, indent=2)


def _shown_rows(release: Release, export_format: str, thoughts: Thoughts) -> list[str]:
    """The first rows of a release in a format; one that takes few of the items is looked for among the first only."""
    takes = EXPORTERS[export_format].takes
    items = (item for item in iterate_items(release, count=LOOKED_THROUGH) if takes(item))
    return [_pretty_row(export_format, item, thoughts) for item in islice(items, PREVIEW_ROWS)]


@require_safe
@view_releases
def release_detail(request: HttpRequest, release_id: int) -> HttpResponse:
    """Rule, counts, manifest, the exact training rows, and the files made of it."""
    release = get_object_or_404(Release.objects.select_related("created_by"), pk=release_id)
    shown = request.GET.get("format", DEFAULT_FORMAT)
    if shown not in EXPORTERS:
        raise Http404(f"There is no format {shown[:40]}.")
    how = request.GET.get("thoughts", DEFAULT_THOUGHTS.value)
    if how not in tuple(Thoughts):
        raise Http404(f"There is no way {how[:40]} to write thoughts.")
    context = {
        "release": release,
        "manifest_text": json.dumps(release.manifest, ensure_ascii=False, indent=2),
        "exports": describe_exports(request, release),
        "form": ExportForm(),
        "formats": EXPORTERS.values(),
        "row_format": shown,
        "row_thoughts": how if EXPORTERS[shown].writes_thoughts else "",
        "ways": THOUGHTS_TABS,
        "rows": _shown_rows(release, shown, Thoughts(how)),
    }
    return render(request, "trajectories/releases/detail.html", context)


@require_POST
@add_releases
@add_exports
def release_export_accepted(request: HttpRequest) -> HttpResponse:
    """Release and export what is accepted in a scope, in one go; nothing new is made where nothing changed."""
    form = KeyForm(request.POST)
    if not form.is_valid():
        return HttpResponse("key: expected the key of a form.", status=422, content_type="text/plain")
    filters = TraceScopeForm(request.GET)
    if not filters.is_valid():  # where a wrong filter counted for nothing, more would be released than was asked for
        name, faults = next(iter(filters.errors.items()))
        return HttpResponse(f"{name}: {faults[0]}", status=422, content_type="text/plain")
    rule = ReleaseRule(scope=filters.scope())
    try:
        job = plan_freezing(
            actor=visitor(request),
            title=f"Accepted traces{f' of run {rule.scope.run}' if rule.scope.run else ''}",
            rule=rule,
            key=form.cleaned_data["key"],
            reuse=True,
            export_format=DEFAULT_FORMAT,
        )
    except ReleaseError as fault:
        messages.error(request, str(fault))
        return redirect(f"{reverse('trace_list')}?{rule.scope.query()}")
    return redirect(_address(job))
