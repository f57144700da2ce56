"""Exports: asking for a file, watching it being written, downloading it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from trajectories.core.exporters import EXPORTERS, Arguments, Container, Thoughts
from trajectories.core.exporters.loading import Loading
from trajectories.core.exporters.scripts import Script, environment_commands
from trajectories.core.exporters.trainers import TEMPLATES
from trajectories.forms.releases import ExportForm
from trajectories.models import Export, Release
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.services.releases import links
from trajectories.services.releases.exports import (
    ExportError,
    Wanted,
    calls_hinder_training,
    export_beside,
    export_filename,
    export_loading,
    export_training,
    is_older_than_parts,
    record_download,
    request_file,
    splits_together,
    stored_name,
)
from trajectories.views.downloads import GONE, FileOffer, SignedLinks, answer_download, may_download
from trajectories.views.fragments import wants_fragment
from trajectories.views.missing import Gone
from trajectories.views.permissions import needs
from trajectories.views.submissions import once
from trajectories.views.visitors import visitor

THOUGHTS_SHOWN = {how.value: f"thoughts in {how.value}" for how in Thoughts} | {
    Thoughts.TAGS.value: "thoughts in tags",
    Thoughts.NONE.value: "without thoughts",
}
"""How the list of files names the ways to write thoughts."""

CONTENT_TYPES = {
    Container.JSONL: "application/jsonl; charset=utf-8",
    Container.JSONL_GZ: "application/gzip",
    Container.PARQUET: "application/vnd.apache.parquet",
    Container.FOLDER: "application/zip",
    Container.JSON: "application/json",
}

KNOWN: Mapping[str, Iterable[str]] = {
    "format": EXPORTERS,
    "thoughts": Thoughts,
    "arguments": Arguments,
    "container": Container,
    "template": TEMPLATES,
}
"""What the choices of the form may be."""

OLDER = "made before thoughts were kept apart"

LINKS = SignedLinks("export_download", links.EXPORTS)

view_exports = needs("trajectories.view_export", SEE_REVIEWS)
add_exports = needs("trajectories.add_export", SEE_REVIEWS)


@dataclass(frozen=True, slots=True)
class ShownExport:
    """An export as a release's page lists it; `link` is an address that works without a login for a day.

    `environment` are commands that make one for the scripts of `training`. `untrained` says that there are no scripts
    since the arguments of tool calls are text. `together` is what to mind where several splits are in one file.
    """

    export: Export
    filename: str
    busy: bool
    link: str
    total: int
    thoughts: str
    loading: Loading | None
    training: tuple[Script, ...]
    environment: str
    untrained: bool
    together: str
    beside: dict[str, str]
    needs: str


def describe_exports(request: HttpRequest, release: Release) -> list[ShownExport]:
    """The exports of a release, newest first."""
    return [_shown(request, export, release) for export in release.exports.order_by("-pk")]


def _shown(request: HttpRequest, export: Export, release: Release) -> ShownExport:
    busy = export.state in (Export.State.QUEUED, Export.State.RUNNING)
    link = ""
    if export.state == Export.State.READY and export.dropped_at is None and may_download(request):
        link = LINKS.link(request, export.pk)
    how = OLDER if is_older_than_parts(export) else THOUGHTS_SHOWN.get(export.thoughts, "")
    objects = "arguments as objects" * (export.arguments == Arguments.OBJECTS)
    parts = [how, objects, *map(_pairs, export.options.items())]
    training = export_training(export) if link else ()
    return ShownExport(
        export,
        export_filename(export),
        busy,
        link,
        release.item_count,
        ", ".join(filter(None, parts)),
        loading=export_loading(export) if link else None,
        training=training,
        environment=environment_commands(training),
        untrained=bool(link) and calls_hinder_training(export),
        together=splits_together(export) if link else "",
        beside=export_beside(export) if link else {},
        needs=EXPORTERS[export.format].needs,
    )


def _pairs(option: tuple[str, Any]) -> str:
    """What an option of pairs says of a file."""
    name, value = option
    told = {"longest": f"lengths up to 1 : {value:g}", "most": f"at most {value:g} pairs of a problem"}
    return told.get(name, "prompts rewritten where they differ")


@require_POST
@add_exports
@once
def export_create(request: HttpRequest, release_id: int) -> HttpResponse:
    """Ask for one file of a release; asking again for the same gives the one there is."""
    release = get_object_or_404(Release, pk=release_id)
    form = ExportForm(request.POST)
    if not form.is_valid():
        return HttpResponse(_fault(form), status=422, content_type="text/plain")
    try:
        export = request_file(actor=visitor(request), release=release, wanted=Wanted(**form.ways()))
    except ExportError as refused:
        return HttpResponse(str(refused), status=422, content_type="text/plain")
    return redirect(f"{reverse('release_detail', args=[release.pk])}#export-{export.pk}")


def _fault(form: ExportForm) -> str:
    """What is wrong with the first field that is, and what it may be."""
    name, errors = next(iter(form.errors.items()))
    if name in KNOWN:
        return f"{name.capitalize()}: expected one of {', '.join(map(str, KNOWN[name]))}."
    return f"{form.fields[name].label}: {errors[0]}"


@require_safe
@view_exports
def export_detail(request: HttpRequest, export_id: int) -> HttpResponse:
    """The row of one export, polled while its file is being written; the whole page is its release's."""
    export = get_object_or_404(Export.objects.select_related("release"), pk=export_id)
    if wants_fragment(request):
        shown = _shown(request, export, export.release)
        response = render(request, "trajectories/exports/_row.html", {"shown": shown})
    else:
        response = redirect(f"{reverse('release_detail', args=[export.release_id])}#export-{export.pk}")
    patch_vary_headers(response, ["HX-Request"])
    return response


@login_not_required
@require_safe
def export_download(request: HttpRequest, export_id: int) -> HttpResponseBase:
    """The file, whole or from a given byte on, for who is logged in or holds a link that was signed for them."""
    LINKS.enter(request)
    export = get_object_or_404(Export, pk=export_id)
    user = LINKS.downloader(request, export.pk)
    if export.state != Export.State.READY or export.dropped_at is not None:
        raise Gone(GONE)
    offer = FileOffer(
        stored=stored_name(export),
        filename=export_filename(export),
        byte_size=export.byte_size or 0,
        sha256=export.sha256,
        content_type=CONTENT_TYPES[Container(export.container)],
    )
    return answer_download(request, offer, lambda: record_download(actor=user, export=export))
