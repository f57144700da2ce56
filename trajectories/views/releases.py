"""Releases: the list, what a frozen one holds, its tags, and the quick way to one."""

import json
from itertools import islice

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from trajectories.core.exporters import DEFAULT_THOUGHTS, EXPORTERS, Thoughts
from trajectories.core.faults import Fault
from trajectories.forms.releases import ExportForm, KeyForm, TagForm
from trajectories.forms.traces import TraceScopeForm
from trajectories.models import Release, ReleaseTag
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.selectors.exports import iterate_items
from trajectories.selectors.release_changes import SIDES, list_changes, superseded_among, withdrawn_of
from trajectories.selectors.release_rules import accepted_rule
from trajectories.selectors.releases import list_active_freezings, list_releases
from trajectories.selectors.rule_words import rule_words
from trajectories.services.releases.freezing import Order, plan_freezing
from trajectories.services.releases.tags import TagError, move_tag, remove_tag
from trajectories.views.deliveries import show_environment, show_pushes
from trajectories.views.exports import describe_exports
from trajectories.views.freezings import address_of
from trajectories.views.paging import read_key
from trajectories.views.permissions import needs
from trajectories.views.shown.campaigns import part_of
from trajectories.views.shown.funnels import show_job_funnel, show_rows
from trajectories.views.visitors import visitor

PREVIEW_ROWS = 3
LOOKED_THROUGH = 100
"""Items among which rows are looked for, where a format takes few of them."""
WITHDRAWN_SHOWN = 20
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
        "superseded": superseded_among([row.pk for row in rows]),
        "older": rows[PAGE_ROWS - 1].pk if len(rows) > PAGE_ROWS else None,
    }
    return render(request, "trajectories/releases/list.html", context)


def _shown_rows(release: Release, export_format: str, thoughts: Thoughts) -> list[str]:
    """The first rows of a release in a format; one that takes few of the items is looked for among the first only."""
    reads = EXPORTERS[export_format].reads
    items = iterate_items(release, count=LOOKED_THROUGH, reads=reads, with_meta=False)
    return list(islice(show_rows(export_format, items, thoughts), PREVIEW_ROWS))


def first_rows(release: Release) -> list[str]:
    """The first rows of a release in the format that its page shows at first."""
    return _shown_rows(release, DEFAULT_FORMAT, DEFAULT_THOUGHTS)


@require_safe
@view_releases
def release_detail(request: HttpRequest, release_id: int) -> HttpResponse:
    """Rule, counts, manifest, the exact training rows, and the files made of it."""
    related = ("created_by", "named_rule")
    release = get_object_or_404(Release.objects.select_related(*related).prefetch_related("tags"), pk=release_id)
    shown = request.GET.get("format", DEFAULT_FORMAT)
    if shown not in EXPORTERS:
        raise Http404(f"There is no format {shown[:40]}.")
    how = request.GET.get("thoughts", DEFAULT_THOUGHTS.value)
    if how not in tuple(Thoughts):
        raise Http404(f"There is no way {how[:40]} to write thoughts.")
    job = release.freezings.select_related("previous").order_by("pk").first()
    withdrawn = withdrawn_of(release)
    context = {
        "release": release,
        "part_of": part_of(request, "release", release.pk),
        "job": job,
        "funnel": None if job is None else show_job_funnel(job),
        "withdrawn": withdrawn[:WITHDRAWN_SHOWN],
        "withdrawn_count": len(withdrawn),
        "tag_form": TagForm(),
        "words": rule_words(release.rule),
        "manifest_text": json.dumps(release.manifest, ensure_ascii=False, indent=2),
        "exports": describe_exports(request, release),
        "environment": show_environment(request, release),
        "hub": show_pushes(request, release),
        "form": ExportForm(),
        "formats": EXPORTERS.values(),
        "row_format": shown,
        "row_thoughts": how if EXPORTERS[shown].writes_thoughts else "",
        "ways": THOUGHTS_TABS,
        "rows": _shown_rows(release, shown, Thoughts(how)),
    }
    return render(request, "trajectories/releases/detail.html", context)


@require_safe
@view_releases
def release_changes(request: HttpRequest, release_id: int) -> HttpResponse:
    """What a release has, and has not, that the one before it had not, or had, and why; one side at a time."""
    release = get_object_or_404(Release, pk=release_id)
    job = release.freezings.select_related("previous").exclude(previous=None).order_by("pk").first()
    side = request.GET.get("side", SIDES[0])
    if job is None or job.previous is None or side not in SIDES:
        raise Http404("There is no such difference.")
    after = read_key(request, "after") or 0
    changes = list_changes(release, job.previous, side, after=after, size=PAGE_ROWS + 1, freezing=job)
    context = {
        "release": release,
        "previous": job.previous,
        "side": side,
        "sides": [(name, (job.changes or {}).get(name, 0)) for name in SIDES],
        "changes": changes[:PAGE_ROWS],
        "more": changes[PAGE_ROWS - 1].trace_id if len(changes) > PAGE_ROWS else None,
    }
    return render(request, "trajectories/releases/changes.html", context)


@require_safe
@view_releases
def release_manifest(request: HttpRequest, release_id: int) -> HttpResponse:  # noqa: ARG001
    """The manifest as JSON, with its hash and beside it, outside of the hash, what was withdrawn since."""
    release = get_object_or_404(Release, pk=release_id)
    withdrawn = [
        {"trace": each.trace_id, "reason": each.reason, "since": each.created_at.isoformat()}
        for each in withdrawn_of(release)
    ]
    return JsonResponse(
        {
            "sha256": release.content_hash,
            "title": release.title,
            "notes": release.notes,
            "superseded": bool(withdrawn),
            "withdrawn": withdrawn,
            "manifest": release.manifest,
        },
        json_dumps_params={"ensure_ascii": False, "indent": 2},
    )


@require_safe
@view_releases
def release_tagged(request: HttpRequest, name: str) -> HttpResponse:  # noqa: ARG001
    """The release that has a tag now."""
    return redirect("release_detail", get_object_or_404(ReleaseTag, name=name).release_id)


@require_POST
@add_releases
def release_tag(request: HttpRequest, release_id: int) -> HttpResponse:
    """Give a release a tag, taking it from the one that had it, or take a tag away."""
    release = get_object_or_404(Release, pk=release_id)
    form = TagForm(request.POST)
    if form.is_valid():
        change = remove_tag if form.cleaned_data["remove"] else move_tag
        try:
            change(actor=visitor(request), release=release, name=form.cleaned_data["name"])
        except TagError as fault:
            form.add_fault(fault)
    for faults in form.errors.values():
        messages.error(request, str(faults[0]))
    return redirect("release_detail", release.pk)


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
    scope = filters.scope()
    order = Order(
        title=f"Accepted traces{f' of run {scope.run}' if isinstance(scope.run, int) else ''}",
        rule=accepted_rule(scope),
        reuse=True,
        export_format=DEFAULT_FORMAT,
    )
    try:
        job = plan_freezing(actor=visitor(request), order=order, key=form.cleaned_data["key"])
    except Fault as fault:
        messages.error(request, str(fault))
        return redirect(f"{reverse('trace_list')}?{scope.query()}")
    return redirect(address_of(job))
