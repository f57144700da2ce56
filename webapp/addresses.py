"""Addresses of earlier versions, which people have kept: each leads on to what it is called today."""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect

RENAMED = (
    (re.compile(r"^/judgements/"), "/judging/"),
    (re.compile(r"^/admin/trajectories/judgement(item|answer|)/"), r"/admin/trajectories/judgejob\1/"),
)
"""Paths: jobs of model judges were called judgements."""

RENAMED_WORDS = ((re.compile(r"(?:(?<=&)|^)decision=unjudged(?=&|$)"), "decision=unreviewed"),)
"""Parts of query strings: people review, and only models judge."""


def current_address(address: str) -> str:
    """The address that a path, with its query string if it has one, is called by today."""
    path, mark, query = address.partition("?")
    for old, new in RENAMED:
        path = old.sub(new, path)
    for old, new in RENAMED_WORDS:
        query = old.sub(new, query)
    return f"{path}{mark}{query}"


def old_addresses(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: an address of an earlier version leads on for good; a form sent to one is sent on as it is."""

    def respond(request: HttpRequest) -> HttpResponse:
        asked = request.get_full_path()
        address = current_address(asked)
        if address == asked:
            return get_response(request)
        return HttpResponsePermanentRedirect(address, preserve_request=True)

    return respond
