"""Who may open a page: one decorator for all views, and a refusal that says what is missing and who gives it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.csrf import csrf_failure

from trajectories.core.selections import Selection
from trajectories.selectors.blinding import SEE_REVIEWS, sight_of
from trajectories.selectors.trace_filters import gives_away
from trajectories.services.installation.roles import why_missing
from trajectories.views.fragments import wants_fragment

_View = TypeVar("_View", bound=Callable[..., Any])


class MissingPermission(PermissionDenied):
    """Somebody lacks permissions that a page needs; `missing` holds them as "trajectories.add_run"."""

    def __init__(self, person: User | AnonymousUser, missing: tuple[str, ...]) -> None:
        super().__init__(f"{person.get_username() or 'anonymous'} lacks {', '.join(missing)}")
        self.missing = missing


class Refused(PermissionDenied):
    """Something is not allowed for another reason than a missing permission; the text is for people."""


def needs(*permissions: str) -> Callable[[_View], _View]:
    """Let a view answer only people who hold all of the permissions; others get the page of `permission_denied`.

    The view bears them as `needed_permissions`: navigation offers no link that is refused.
    """

    def decorate(view: _View) -> _View:
        @wraps(view)
        def guarded(request: HttpRequest, *arguments: Any, **named: Any) -> Any:
            require(request.user, *permissions)
            return view(request, *arguments, **named)

        inner = getattr(view, "needed_permissions", ())
        guarded.needed_permissions = (*permissions, *inner)  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return decorate


def require(person: User | AnonymousUser, *permissions: str) -> None:
    """Raise MissingPermission unless the person holds all of them."""
    missing = tuple(name for name in permissions if not person.has_perm(name))
    if missing:
        raise MissingPermission(person, missing)


def require_sight(person: User | AnonymousUser, scope: Selection) -> None:
    """Raise MissingPermission where something is to be made of a selection that goes by what others decided, or by what
    a queue hides from the person: which traces the job takes, and how many, would tell.
    """
    if gives_away(scope, sight_of(person)):
        require(person, SEE_REVIEWS)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say which permission is missing and which roles have it; for htmx in one sentence, which the page shows."""
    reasons = [why_missing(name) for name in exception.missing] if isinstance(exception, MissingPermission) else []
    if isinstance(exception, Refused):
        reasons = [str(exception)]
    if wants_fragment(request):
        text = " ".join(reasons) or "You have no permission for this."
        return HttpResponse(text, status=403, content_type="text/plain; charset=utf-8")
    context = {"reasons": reasons, "asks": not isinstance(exception, Refused)}
    return render(request, "403.html", context, status=403)


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that a form's token is not, or no longer, that of the visitor: the CSRF_FAILURE_VIEW. Scripts of the page
    know it by the header `X-Stale`, since the same form can be taken once the page is loaded anew."""
    if not wants_fragment(request):
        return csrf_failure(request, reason)
    text = "This page is older than your login or your choice of a project, so nothing was saved."
    text = f"{text} Reload it and try again."
    return HttpResponse(text, status=403, content_type="text/plain; charset=utf-8", headers={"X-Stale": "1"})
