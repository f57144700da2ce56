"""Exports: the files of a release, having one made, and the address that it is downloaded from."""

from typing import Annotated, Any

from django.http import Http404, HttpRequest
from django.urls import reverse
from ninja import Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking, require
from trajectories.api.doors import door
from trajectories.api.faults import ApiProblem
from trajectories.api.releases import find_release
from trajectories.api.shapes import Body, Cursor, IdempotencyKey, Key, Limit, OneOf, Rows, Word, once, rows_of
from trajectories.core.exporters import EXPORTERS, Arguments, Container, Pairing, Thoughts
from trajectories.core.faults import Fault
from trajectories.core.records import JSON
from trajectories.forms.releases import LONGEST_RATIO, MOST_PAIRS
from trajectories.models import ApiToken, Export
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.selectors.paging import page_by_id
from trajectories.services.releases import links
from trajectories.services.releases.exports import Wanted, export_filename, request_file

DOWNLOAD = ("trajectories.download_export", SEE_REVIEWS)
VIEW = ("trajectories.view_export", SEE_REVIEWS)


class ExportShown(Schema):
    """A file of a release: `state` is queued, running, ready, failed, cancelled or dropped. One that is not `pinned` is
    dropped once nobody has asked for it for a while."""

    id: int
    release: int
    format: str
    container: str
    filename: str
    state: str
    error: str
    rows: int
    byte_size: int | None
    sha256: str
    pinned: bool
    created_at: str


class DownloadLink(Schema):
    """An address that works without a token for a day, with ranges and resume; and what is to be found there."""

    url: str
    filename: str
    byte_size: int
    sha256: str


class Ask(Body):
    """Which file of a release; what is empty is as the format recommends."""

    format: Annotated[Word, Field(description="Name of a format.")]
    container: Annotated[str, OneOf(["", *Container])] = ""
    thoughts: Annotated[str, OneOf(["", *Thoughts])] = ""
    arguments: Annotated[str, OneOf(["", *Arguments])] = ""
    template: Annotated[Word, Field(description="Name of a trainer that it is written for.")] = ""
    with_meta: bool = False
    longest: Annotated[
        float | None,
        Field(ge=1, le=LONGEST_RATIO, description="Pairs: longer answer at most so many times the shorter one."),
    ] = None
    most: Annotated[int, Field(ge=1, le=MOST_PAIRS, description="Pairs: at most of one problem.")] = Pairing().most
    rewrite: Annotated[
        bool, Field(description="Pairs: of traces that were asked differently too, under the problem's own prompt.")
    ] = False

    def wanted(self) -> Wanted:
        """What is asked of the file, as services have it."""
        given = self.model_dump()
        return Wanted(pairing=Pairing(**{name: given.pop(name) for name in ("longest", "most", "rewrite")}), **given)


@door("GET", "/releases/{release_id}/exports", *VIEW, answers=Rows[ExportShown], tag="exports")
def list_exports(request: HttpRequest, release_id: Key, cursor: Cursor = None, limit: Limit = 50) -> Any:  # noqa: ARG001
    """The files of a release, newest first."""
    return rows_of(page_by_id(find_release(release_id).exports.all(), size=limit, before=cursor), show_export)


def show_export(export: Export) -> dict[str, JSON]:
    """A file as it is answered."""
    same = ("id", "format", "container", "error", "byte_size", "sha256", "pinned")
    return {
        **{name: getattr(export, name) for name in same},
        "release": export.release_id,
        "filename": export_filename(export),
        "state": "dropped" if export.dropped_at else export.state,
        "rows": export.rows_written,
        "created_at": export.created_at.isoformat(),
    }


@door(
    "POST",
    "/releases/{release_id}/exports",
    *("trajectories.add_export", SEE_REVIEWS),
    scope=ApiToken.Scope.EXPORT,
    answers=ExportShown,
    status=201,
    tag="exports",
)
def request_export(
    request: HttpRequest, release_id: Key, given: Ask, idempotency_key: IdempotencyKey = None
) -> Status[Any]:
    """Have a file of a release made; asking again for the same gives the one there is."""
    release = find_release(release_id)
    if given.format not in EXPORTERS:
        raise Fault(f"Found {given.format[:40]!r}, expected one of {', '.join(EXPORTERS)}.", field="format")

    def make() -> dict[str, JSON]:
        return show_export(request_file(actor=asking(request), release=release, wanted=given.wanted()))

    return once(request, idempotency_key, given, make)


@door("GET", "/exports/{export_id}", *VIEW, answers=ExportShown)
def get_export(request: HttpRequest, export_id: Key) -> Any:  # noqa: ARG001
    """One file."""
    return show_export(find_export(export_id))


def find_export(export_id: int) -> Export:
    """A file. Raises Http404."""
    found = Export.objects.filter(pk=export_id).first()
    if found is None:
        raise Http404(f"There is no export {export_id}.")
    return found


@door("GET", "/exports/{export_id}/link", *VIEW, scope=ApiToken.Scope.EXPORT, answers=DownloadLink)
def get_download_link(request: HttpRequest, export_id: Key) -> Any:
    """The address that a finished file is downloaded from. 409 while there is none."""
    require(asking(request), *DOWNLOAD)
    export = find_export(export_id)
    if export.state != Export.State.READY or export.dropped_at is not None:
        raise ApiProblem(409, f"The file is {show_export(export)['state']}; only a ready one can be downloaded.")
    address = reverse("export_download", args=[export.pk])
    signed = links.EXPORTS.sign(export.pk, asking(request))
    return {
        "url": request.build_absolute_uri(f"{address}?key={signed}"),
        "filename": export_filename(export),
        "byte_size": export.byte_size or 0,
        "sha256": export.sha256,
    }
