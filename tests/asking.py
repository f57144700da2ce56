"""Asking a view by itself, as somebody, without a server: what becomes of it is taken back."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AnonymousUser, Group, User
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.test import RequestFactory
from django.urls import URLPattern
from django.urls.converters import IntConverter
from django_htmx.middleware import HtmxDetails

from tests.walker import undone

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
REFUSED = (403, 405)
NOWHERE = 10**9
"""The number of a row that is not there."""


def person_of(role: str, name: str = "", **values: Any) -> User:
    """Somebody new with a role in the first project, where a role is a group."""
    user = User.objects.create_user(name or role, **values)
    if role != "nobody":
        user.groups.add(Group.objects.get(name=role))
    return user


def nowhere(pattern: URLPattern) -> dict[str, Any]:
    """The parameters of an address that nothing is at."""
    converters = pattern.pattern.converters.items()
    return {name: NOWHERE if isinstance(each, IntConverter) else "none" for name, each in converters}


def answer_of(
    person: User | AnonymousUser,
    pattern: URLPattern,
    method: str,
    parameters: Mapping[str, Any],
    data: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """What a view answers, a refusal and a missing row among it."""
    request = getattr(RequestFactory(), method.lower())("/here/", dict(data or {}) if method == "POST" else None)
    request.user, request.session, request.csrf_processing_done = person, SessionStore(), True
    request._messages, request.htmx = FallbackStorage(request), HtmxDetails(request)
    with undone():
        try:
            response: HttpResponse = pattern.callback(request, **parameters, **pattern.default_args)
        except PermissionDenied as refusal:
            return HttpResponse(str(refusal), status=403)
        except Http404 as missing:
            return HttpResponse(str(missing), status=404)
    return response


def fits(status: int, given: tuple[str, ...] | None, role: str) -> bool:
    """Whether a status is what the table says, with the roles that a method is for, None where it is taken from
    nobody."""
    if given is None:
        return status in REFUSED
    return status not in REFUSED if role in given else status == 403
