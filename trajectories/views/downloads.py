"""Downloads of finished files: in ranges, resumable, by session or by an address that was signed for somebody."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.core.signing import BadSignature
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse

from trajectories.adapters.acting import act_in
from trajectories.adapters.stores import StoreError
from trajectories.models import Artefact
from trajectories.selectors.blinding import SEE_REVIEWS
from trajectories.services.endpoints.artefacts import ArtefactError, artefact_file
from trajectories.services.releases.links import LinkSigner
from trajectories.services.releases.stores import file_store
from trajectories.views.acting import choose_project
from trajectories.views.permissions import Refused, require
from trajectories.views.visitors import visitor

RANGE = re.compile(r"bytes=([0-9]{0,40})-([0-9]{0,40})", re.IGNORECASE)
DOWNLOAD = ("trajectories.download_export", SEE_REVIEWS)
STALE = "This link is not valid any more; copy a new one from the release's page."
GONE = "This file is not there any more; ask for it again on the release's page."


@dataclass(frozen=True, slots=True)
class FileOffer:
    """A finished file: its name in the store, what a download of it is called, its size, hash and type."""

    stored: str
    filename: str
    byte_size: int
    sha256: str
    content_type: str

    @property
    def etag(self) -> str:
        """What names these very bytes."""
        return f'"{self.sha256}"'


@dataclass(frozen=True, slots=True)
class SignedLinks:
    """Addresses of files of one kind that work without a login for a day; `name` is that of the address."""

    name: str
    signer: LinkSigner

    def link(self, request: HttpRequest, key: int) -> str:
        """The address for the visitor."""
        signed = self.signer.sign(key, visitor(request))
        return request.build_absolute_uri(f"{reverse(self.name, args=[key])}?key={signed}")

    def enter(self, request: HttpRequest) -> None:
        """Act in the project that a signed link is of; by session, in the one that its visitor has chosen.

        Raises Refused.
        """
        if "key" not in request.GET:
            choose_project(request)
            return
        try:
            act_in(self.signer.project_of(request.GET["key"]))
        except BadSignature as fault:
            raise Refused(STALE) from fault

    def downloader(self, request: HttpRequest, key: int) -> User:
        """Who downloads, by session or by signed link. Raises Refused or MissingPermission."""
        user: User | None = visitor(request) if request.user.is_authenticated else None
        if "key" in request.GET:
            try:
                user = self.signer.person_of(request.GET["key"], key)
            except BadSignature as fault:
                raise Refused(STALE) from fault
        if user is None:
            raise Refused("To download an export, log in or use the link from the release's page.")
        require(user, *DOWNLOAD)
        return user


def may_download(request: HttpRequest) -> bool:
    """Whether the visitor may take files away."""
    return visitor(request).has_perms(DOWNLOAD)


def answer_download(request: HttpRequest, offer: FileOffer, record: Callable[[], None]) -> HttpResponseBase:
    """The file, whole or one range of it; `record` is called for a download that begins.

    Raises Http404 where the file is gone.
    """
    if offer.etag in request.headers.get("If-None-Match", ""):
        return HttpResponse(status=304, headers={"ETag": offer.etag})
    size = offer.byte_size
    span = wanted_span(request, offer.etag, size)
    first, last = span or (0, size - 1)
    headers = _headers(offer)
    if span:
        if first > last:
            return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    headers["Content-Length"] = str(last + 1 - first)
    content: Iterator[bytes] = iter(())
    is_read = request.method == "GET"
    try:
        if is_read:
            content = file_store().read(offer.stored, first, last + 1 - first)
        elif not file_store().has(offer.stored):
            raise Http404(GONE)
    except FileNotFoundError as fault:
        raise Http404(GONE) from fault
    except StoreError as fault:
        return HttpResponse(str(fault), status=503, content_type="text/plain; charset=utf-8")
    if is_read and first == 0:
        record()
    return StreamingHttpResponse(
        content,
        status=206 if span else 200,
        content_type=offer.content_type,
        headers=headers,
    )


def wanted_span(request: HttpRequest, etag: str, size: int) -> tuple[int, int] | None:
    """The (first, last) byte of the one range asked for, the first behind the last where none is there; None where the
    whole is to be sent: no range, several, or a request that knows none (RFC 9110, 14.2)."""
    found = RANGE.fullmatch(request.headers.get("Range", ""))
    if request.method != "GET" or found is None or request.headers.get("If-Range", etag) != etag:
        return None
    start, end = found.groups()
    if start:
        return int(start), min(size - 1, int(end or size))
    return (max(0, size - int(end)), size - 1) if end else None


def _headers(offer: FileOffer) -> dict[str, str]:
    return {
        "ETag": offer.etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f'attachment; filename="{offer.filename}"',
        # Ranges and the tag are about these very bytes: nothing on the way may compress them.
        "Content-Encoding": "identity",
    }


def send_artefact(artefact: Artefact | None, *, maker: str) -> FileResponse:
    """The file that a job made, checked against its hash; `maker` is what a job without a file is called.

    Raises Http404.
    """
    if artefact is None:
        raise Http404(f"This {maker} has made no file.")
    try:
        path = artefact_file(artefact)
    except ArtefactError as fault:
        raise Http404(str(fault)) from fault
    return FileResponse(path.open("rb"), as_attachment=True, filename=artefact.name)
