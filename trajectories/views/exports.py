"""Exports: asking for a file, watching it being written, downloading it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.core.signing import BadSignature, TimestampSigner
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from trajectories.core.exporters import DEFAULT_ARGUMENTS, DEFAULT_THOUGHTS, EXPORTERS, Arguments, Thoughts
from trajectories.forms.releases import ExportForm
from trajectories.models import Export, Release
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.services.releases.exports import (
    export_filename,
    export_loading,
    export_path,
    is_older_than_parts,
    record_download,
    request_export,
)
from trajectories.views.fragments import wants_fragment
from trajectories.views.permissions import Refused, needs, require
from trajectories.views.submissions import once
from trajectories.views.visitors import visitor

CHUNK = 256 * 1024
LINK_SECONDS = 24 * 3600
THOUGHTS_SHOWN = {how.value: f"thoughts in {how.value}" for how in Thoughts} | {
    Thoughts.TAGS.value: "thoughts in tags",
    Thoughts.NONE.value: "without thoughts",
}
"""How the list of files names the ways to write thoughts."""

OLDER = "made before thoughts were kept apart"

RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")

_signer = TimestampSigner(salt="trajectories.export-download")

view_exports = needs("trajectories.view_export", SEE_REVIEWS)
add_exports = needs("trajectories.add_export", SEE_REVIEWS)


@dataclass(frozen=True, slots=True)
class ShownExport:
    """An export as a release's page lists it; `link` is an address that works without a login for a day."""

    export: Export
    filename: str
    busy: bool
    link: str
    total: int
    thoughts: str
    loading: str


def describe_exports(request: HttpRequest, release: Release) -> list[ShownExport]:
    """The exports of a release, newest first."""
    return [_shown(request, export, release) for export in release.exports.order_by("-pk")]


def _shown(request: HttpRequest, export: Export, release: Release) -> ShownExport:
    busy = export.state in (Export.State.QUEUED, Export.State.RUNNING)
    link = ""
    if export.state == Export.State.READY and visitor(request).has_perms(("trajectories.download_export", SEE_REVIEWS)):
        key = _signer.sign_object({"export": export.pk, "user": visitor(request).pk})
        link = request.build_absolute_uri(f"{reverse('export_download', args=[export.pk])}?key={key}")
    how = OLDER if is_older_than_parts(export) else THOUGHTS_SHOWN.get(export.thoughts, "")
    how = ", ".join(part for part in (how, "arguments as objects" * (export.arguments == Arguments.OBJECTS)) if part)
    loading = export_loading(export) if link else ""
    return ShownExport(export, export_filename(export), busy, link, release.item_count, how, loading)


@require_POST
@add_exports
@once
def export_create(request: HttpRequest, release_id: int) -> HttpResponse:
    """Ask for one file of a release; asking again for the same gives the one there is."""
    release = get_object_or_404(Release, pk=release_id)
    form = ExportForm(request.POST)
    if not form.is_valid():
        known = {"format": [*EXPORTERS], "thoughts": [*Thoughts], "arguments": [*Arguments]}
        fault = next((f"{name.capitalize()}: expected one of {', '.join(known[name])}." for name in form.errors), "")
        return HttpResponse(fault, status=422, content_type="text/plain")
    export = request_export(
        actor=visitor(request),
        release=release,
        export_format=form.cleaned_data["format"],
        with_meta=form.cleaned_data["with_meta"],
        thoughts=form.cleaned_data["thoughts"] or DEFAULT_THOUGHTS,
        arguments=form.cleaned_data["arguments"] or DEFAULT_ARGUMENTS,
    )
    return redirect(f"{reverse('release_detail', args=[release.pk])}#export-{export.pk}")


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
    export = get_object_or_404(Export, pk=export_id)
    user = _downloader(request, export)
    path = export_path(export)
    if export.state != Export.State.READY or not path.is_file():
        raise Http404("This file is not there; ask for the export again on the release's page.")
    headers = _headers(export)
    if headers["ETag"] in request.headers.get("If-None-Match", ""):
        return HttpResponse(status=304, headers={"ETag": headers["ETag"]})
    size = path.stat().st_size
    span = _wanted_span(request, headers["ETag"], size)
    if span is None:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    first, last = span
    if span != (0, size - 1):
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    headers["Content-Length"] = str(last + 1 - first)
    if request.method == "GET" and first == 0:
        record_download(actor=user, export=export)
    return StreamingHttpResponse(
        _read(path, first, last + 1 - first) if request.method == "GET" else (),
        status=206 if "Content-Range" in headers else 200,
        content_type="application/jsonl; charset=utf-8",
        headers=headers,
    )


def _headers(export: Export) -> dict[str, str]:
    return {
        "ETag": f'"{export.sha256}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f'attachment; filename="{export_filename(export)}"',
        # Ranges and the tag are about these very bytes: nothing on the way may compress them.
        "Content-Encoding": "identity",
    }


def _downloader(request: HttpRequest, export: Export) -> User:
    """Who downloads, by session or by signed link. Raises Refused or MissingPermission."""
    user: User | None = visitor(request) if request.user.is_authenticated else None
    if "key" in request.GET:
        try:
            signed = _signer.unsign_object(request.GET["key"], max_age=LINK_SECONDS)
        except BadSignature as fault:
            raise Refused("This link is not valid any more; copy a new one from the release's page.") from fault
        user = get_user_model().objects.filter(pk=signed["user"]).first() if signed["export"] == export.pk else None
    if user is None:
        raise Refused("To download an export, log in or use the link from the release's page.")
    require(user, "trajectories.download_export", SEE_REVIEWS)
    return user


def _wanted_span(request: HttpRequest, etag: str, size: int) -> tuple[int, int] | None:
    """The (first, last) byte asked for; all where no single range is, None where it lies outside (RFC 9110, 14.2)."""
    whole = (0, size - 1)
    found = RANGE.fullmatch(request.headers.get("Range", ""))
    if found is None or found[0] == "bytes=-" or request.headers.get("If-Range", etag) != etag:
        return whole
    if not found[1]:
        first, last = max(0, size - int(found[2])), size - 1
    else:
        first, last = int(found[1]), min(size - 1, int(found[2] or size - 1))
    return (first, last) if first <= last else None


def _read(path: Path, start: int, length: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while length > 0 and (chunk := file.read(min(CHUNK, length))):
            length -= len(chunk)
            yield chunk
