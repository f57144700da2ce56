"""Deliveries: a release as an environment for reinforcement learning, and pushes to a hub."""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from trajectories.core.faults import Fault
from trajectories.forms.deliveries import PushForm
from trajectories.models import Delivery, Export, Release
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.services.releases import links
from trajectories.services.releases.deliveries import (
    delivery_filename,
    record_delivery_download,
    request_environment,
    request_push,
    stored_name,
)
from trajectories.services.releases.environments import environment_module
from trajectories.services.releases.exports import export_filename
from trajectories.services.releases.pushes import known_hubs
from trajectories.services.releases.retention import goes_on, pin_file
from trajectories.views.downloads import GONE, FileOffer, SignedLinks, answer_download, may_download
from trajectories.views.fragments import wants_fragment
from trajectories.views.missing import Gone
from trajectories.views.permissions import needs, require
from trajectories.views.submissions import once
from trajectories.views.visitors import visitor

PUSHES, FILES = 10, 50
"""Pushes that a page lists, and files that may be chosen: the newest ones."""

LINKS = SignedLinks("delivery_download", links.DELIVERIES)
view_deliveries = needs("trajectories.view_delivery", SEE_REVIEWS)
PINNING = {"export": "trajectories.add_export", "delivery": "trajectories.add_delivery"}
"""What it takes to keep a file of a kind."""

add_deliveries = needs("trajectories.add_delivery", SEE_REVIEWS)


@dataclass(frozen=True, slots=True)
class ShownDelivery:
    """A delivery as a release's page shows it; `link` is an address that works without a login for a day."""

    delivery: Delivery
    filename: str
    module: str
    link: str
    goes: object
    """When its file will be deleted, None where it stays."""


@dataclass(frozen=True, slots=True)
class ShownHub:
    """The pushes of a release, newest first, and the form for another one; None where nothing can be pushed."""

    pushes: list[Delivery]
    form: PushForm | None


def show_environment(request: HttpRequest, release: Release) -> ShownDelivery | None:
    """The package of a release; None where nobody has asked for one."""
    found = release.deliveries.filter(what=Delivery.What.ENVIRONMENT).first()
    return None if found is None else _shown(request, found, release)


def _shown(request: HttpRequest, delivery: Delivery, release: Release) -> ShownDelivery:
    is_there = delivery.state == Delivery.State.READY and delivery.dropped_at is None
    link = LINKS.link(request, delivery.pk) if is_there and may_download(request) else ""
    delivery.release = release
    filename, module = delivery_filename(delivery), environment_module(release)
    return ShownDelivery(delivery, filename, module, link, goes_on(delivery))


@require_POST
@add_deliveries
@once
def environment_create(request: HttpRequest, release_id: int) -> HttpResponse:
    """Ask for the package of a release; asking again gives the one there is."""
    release = get_object_or_404(Release, pk=release_id)
    delivery = request_environment(actor=visitor(request), release=release)
    return redirect(f"{reverse('release_detail', args=[release.pk])}#delivery-{delivery.pk}")


def show_pushes(request: HttpRequest, release: Release) -> "ShownHub | None":
    """The pushes of a release and the form for another one; None where there is neither."""
    pushes = list(release.deliveries.filter(what=Delivery.What.PUSH).select_related("export").order_by("-pk")[:PUSHES])
    files = list(release.exports.filter(state=Export.State.READY, dropped_at=None).order_by("-pk")[:FILES])
    may_push = request.user.has_perms(("trajectories.add_delivery", "trajectories.download_export", SEE_REVIEWS))
    hubs = known_hubs() if may_push else []
    form = PushForm(files=[(file.pk, export_filename(file)) for file in files], hubs=hubs) if files and hubs else None
    return ShownHub(pushes, form) if pushes or form else None


@require_POST
@needs("trajectories.add_delivery", "trajectories.download_export", SEE_REVIEWS)
@once
def push_create(request: HttpRequest, release_id: int) -> HttpResponse:
    """Put a file of a release into a repository of a hub."""
    release = get_object_or_404(Release, pk=release_id)
    files = [(file.pk, export_filename(file)) for file in release.exports.filter(state=Export.State.READY)]
    form = PushForm(request.POST, files=files, hubs=known_hubs())
    fault = next((str(fault) for faults in form.errors.values() for fault in faults), "")
    if not fault:
        export = release.exports.get(pk=form.cleaned_data["export"])
        try:
            delivery = request_push(
                actor=visitor(request),
                export=export,
                key_name=form.cleaned_data["hub"],
                repository=form.cleaned_data["repository"],
                private=form.cleaned_data["private"],
            )
        except Fault as wrong:
            fault = str(wrong)
        else:
            return redirect(f"{reverse('release_detail', args=[release.pk])}#delivery-{delivery.pk}")
    messages.error(request, fault)
    return redirect(f"{reverse('release_detail', args=[release.pk])}#hub")


@require_safe
@view_deliveries
def delivery_detail(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """One delivery, polled while it is being made; the whole page is its release's."""
    delivery = get_object_or_404(Delivery.objects.select_related("release"), pk=delivery_id)
    if wants_fragment(request):
        if delivery.what == Delivery.What.PUSH:
            response = render(request, "trajectories/deliveries/_push.html", {"push": delivery})
        else:
            shown = _shown(request, delivery, delivery.release)
            response = render(request, "trajectories/deliveries/_row.html", {"shown": shown})
    else:
        response = redirect(f"{reverse('release_detail', args=[delivery.release_id])}#delivery-{delivery.pk}")
    patch_vary_headers(response, ["HX-Request"])
    return response


@login_not_required
@require_safe
def delivery_download(request: HttpRequest, delivery_id: int) -> HttpResponseBase:
    """The package, whole or from a given byte on, for who is logged in or holds a link that was signed for them."""
    LINKS.enter(request)
    delivery = get_object_or_404(Delivery.objects.select_related("release"), pk=delivery_id)
    user = LINKS.downloader(request, delivery.pk)
    if delivery.state != Delivery.State.READY or delivery.dropped_at is not None or not delivery.sha256:
        raise Gone(GONE)
    offer = FileOffer(
        stored=stored_name(delivery),
        filename=delivery_filename(delivery),
        byte_size=delivery.byte_size or 0,
        sha256=delivery.sha256,
        content_type="application/zip",
    )
    return answer_download(request, offer, lambda: record_delivery_download(actor=user, delivery=delivery))


@require_POST
def file_pin(request: HttpRequest, kind: str, job_id: int) -> HttpResponse:
    """Keep a file whatever happens, or no longer; back to the page of its release."""
    if kind not in PINNING:
        raise Http404(f"There are no files of the kind {kind[:40]}.")
    require(request.user, PINNING[kind], SEE_REVIEWS)
    try:
        kept = pin_file(actor=visitor(request), kind=kind, job_id=job_id, pinned=request.POST.get("pinned") == "1")
    except ObjectDoesNotExist as fault:
        raise Http404("There is no such file.") from fault
    return redirect(f"{reverse('release_detail', args=[kept.release_id])}#{kind}-{kept.pk}")
