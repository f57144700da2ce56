"""Packages of releases, pushes to hubs, and files that are kept whatever happens."""

from typing import Annotated, Any

from django.http import Http404, HttpRequest
from django.urls import reverse
from ninja import Schema
from ninja.responses import Status
from pydantic import Field

from trajectories.api.auth import asking, require
from trajectories.api.doors import door
from trajectories.api.exports import DOWNLOAD, DownloadLink, ExportShown, find_export, show_export
from trajectories.api.faults import ApiProblem
from trajectories.api.release_contents import DeliveryRow, show_delivery
from trajectories.api.releases import find_release
from trajectories.api.runs import fault_of
from trajectories.api.shapes import Body, IdempotencyKey, Key, RowId, Word, once
from trajectories.core.records import JSON
from trajectories.forms.deliveries import LONGEST_REPOSITORY, PushForm
from trajectories.models import ApiToken, Delivery, Export
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.services.releases import links
from trajectories.services.releases.deliveries import delivery_filename, request_environment, request_push
from trajectories.services.releases.exports import export_filename
from trajectories.services.releases.pushes import known_hubs
from trajectories.services.releases.retention import pin_file

VIEW = ("trajectories.view_delivery", SEE_REVIEWS)
ADD = ("trajectories.add_delivery", SEE_REVIEWS)
PUSH = ("trajectories.add_delivery", "trajectories.download_export", SEE_REVIEWS)


class HubRow(Schema):
    """A hub that the setting HUB_KEYS knows: its address, the name of the variable with its key, and whether that
    `is_set` where the server runs. The key itself is told nowhere."""

    hub: str
    endpoint: str
    is_set: bool


class Hubs(Schema):
    """Every hub."""

    items: list[HubRow]


class NewPush(Body):
    """Which file of a release goes where: the `hub` of GET /hubs, a repository as owner/name, `private` if it is made
    for the push."""

    export: RowId
    hub: Word
    repository: Annotated[Word, Field(min_length=1, max_length=LONGEST_REPOSITORY)]
    private: bool = True


class Pin(Body):
    """Whether a file is kept whatever happens."""

    pinned: bool


@door("POST", "/releases/{release_id}/package", *ADD, scope=ApiToken.Scope.EXPORT, answers=DeliveryRow, status=201)
def request_package(request: HttpRequest, release_id: Key, idempotency_key: IdempotencyKey = None) -> Status[Any]:
    """Have a release made into a package: an environment for reinforcement learning. Asking again gives the one there
    is."""
    release = find_release(release_id)
    return once(
        request,
        idempotency_key,
        {},
        lambda: show_delivery(request_environment(actor=asking(request), release=release)),
    )


@door("GET", "/hubs", *PUSH, scope=ApiToken.Scope.EXPORT, answers=Hubs, tag="releases")
def list_hubs(request: HttpRequest) -> Any:  # noqa: ARG001
    """The hubs that files of releases can be pushed to; none where the library for it is not installed."""
    return {
        "items": [{"hub": each.key_name, "endpoint": each.endpoint, "is_set": each.is_set} for each in known_hubs()]
    }


@door("POST", "/releases/{release_id}/pushes", *PUSH, scope=ApiToken.Scope.EXPORT, answers=DeliveryRow, status=201)
def push_release(
    request: HttpRequest, release_id: Key, given: NewPush, idempotency_key: IdempotencyKey = None
) -> Status[Any]:
    """Put a finished file of a release into a repository of a hub. A worker does it: GET /deliveries/{id} says how far
    it is."""
    release = find_release(release_id)

    def make() -> dict[str, JSON]:
        files = [(file.pk, export_filename(file)) for file in release.exports.filter(state=Export.State.READY)]
        form = PushForm(given.model_dump(), files=files, hubs=known_hubs())
        if not form.is_valid():
            raise fault_of(form)
        pushed = request_push(
            actor=asking(request),
            export=release.exports.get(pk=form.cleaned_data["export"]),
            key_name=form.cleaned_data["hub"],
            repository=form.cleaned_data["repository"],
            private=form.cleaned_data["private"],
        )
        return show_delivery(pushed)

    return once(request, idempotency_key, given, make)


@door("GET", "/deliveries/{delivery_id}", *VIEW, answers=DeliveryRow, tag="releases")
def get_delivery(request: HttpRequest, delivery_id: Key) -> Any:  # noqa: ARG001
    """One package or push."""
    return show_delivery(_find(delivery_id))


def _find(delivery_id: int) -> Delivery:
    found = Delivery.objects.select_related("release").filter(pk=delivery_id).first()
    if found is None:
        raise Http404(f"There is no delivery {delivery_id}.")
    return found


@door(
    "GET",
    "/deliveries/{delivery_id}/link",
    *VIEW,
    scope=ApiToken.Scope.EXPORT,
    answers=DownloadLink,
    tag="releases",
)
def get_package_link(request: HttpRequest, delivery_id: Key) -> Any:
    """The address that a finished package is downloaded from. 409 while there is none, and for a push."""
    require(asking(request), *DOWNLOAD)
    found = _find(delivery_id)
    if found.state != Delivery.State.READY or found.dropped_at is not None or not found.sha256:
        raise ApiProblem(409, "There is no file to download: only a package that is ready has one.")
    address = reverse("delivery_download", args=[found.pk])
    signed = links.DELIVERIES.sign(found.pk, asking(request))
    return {
        "url": request.build_absolute_uri(f"{address}?key={signed}"),
        "filename": delivery_filename(found),
        "byte_size": found.byte_size or 0,
        "sha256": found.sha256,
    }


@door(
    "POST",
    "/exports/{export_id}/pin",
    *("trajectories.add_export", SEE_REVIEWS),
    scope=ApiToken.Scope.EXPORT,
    answers=ExportShown,
)
def pin_export(request: HttpRequest, export_id: Key, given: Pin) -> Any:
    """Keep a file of a release whatever happens, or no longer; twice changes nothing more."""
    find_export(export_id)
    pin_file(actor=asking(request), kind="export", job_id=export_id, pinned=given.pinned)
    return show_export(find_export(export_id))


@door("POST", "/deliveries/{delivery_id}/pin", *ADD, scope=ApiToken.Scope.EXPORT, answers=DeliveryRow, tag="releases")
def pin_package(request: HttpRequest, delivery_id: Key, given: Pin) -> Any:
    """Keep the file of a package whatever happens, or no longer; twice changes nothing more. 409 for a push."""
    if _find(delivery_id).what != Delivery.What.ENVIRONMENT:
        raise ApiProblem(409, "Found a push, expected a package: a push leaves no file here.")
    pin_file(actor=asking(request), kind="delivery", job_id=delivery_id, pinned=given.pinned)
    return show_delivery(_find(delivery_id))
