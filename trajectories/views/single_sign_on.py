"""Logging in by the OpenID Connect provider that the operator has named. Imported only where there is one."""

import logging
from collections.abc import Callable
from typing import Any

import jwt
import requests
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect import views
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from trajectories.core.faults import Fault
from trajectories.services.people.single_sign_on import person_of

logger = logging.getLogger(__name__)
BACKEND = "django.contrib.auth.backends.ModelBackend"
AWAY = "The provider did not answer as expected. Try again, or log in with a password."
CANCELLED = "You were not logged in: the provider said that this was stopped. Try again, or log in with a password."
FAULTS = (requests.RequestException, OAuth2Error, jwt.PyJWTError, KeyError, ValueError)
"""What comes of a provider that is away, or answers something else than a provider does."""


class PeopleAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Says whose account the provider means. What it says is trusted once: after that the account is known by the
    provider's own id of the person, whatever becomes of their address."""

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Log the person in, or say why not; none of the library's own pages is shown. Raises ImmediateHttpResponse."""
        try:
            person = self._person(request, sociallogin)
            if not person.is_active:
                raise Fault("This account is closed. Ask an admin.")
        except Fault as fault:
            raise ImmediateHttpResponse(refused(request, str(fault), status=403)) from fault
        login(request, person, backend=BACKEND)
        target = sociallogin.get_redirect_url(request) or resolve_url(settings.LOGIN_REDIRECT_URL)
        raise ImmediateHttpResponse(redirect(target))

    def _person(self, request: HttpRequest, sociallogin: Any) -> User:
        if sociallogin.is_existing:
            known: User = sociallogin.user
            return known
        verified = [each.email for each in sociallogin.email_addresses if each.verified]
        provider = settings.SINGLE_SIGN_ON
        assert provider is not None, "these addresses are there only where a provider is named"
        address = verified[0] if verified else ""
        person = person_of(address=address, name=sociallogin.user.username, newcomers=provider.newcomers)
        if person.is_active:
            sociallogin.connect(request, person)
        return person

    def on_authentication_error(self, request: HttpRequest, *_: Any, exception: Any = None, **__: Any) -> None:
        """Say that it was stopped, or that the provider is not well. Raises ImmediateHttpResponse."""
        if exception is None:
            raise ImmediateHttpResponse(refused(request, CANCELLED, status=403))
        logger.warning("Single sign-on failed: %s", type(exception).__name__)
        raise ImmediateHttpResponse(refused(request, AWAY, status=502))


def refused(request: HttpRequest, reason: str, *, status: int) -> HttpResponse:
    """The sentence that says why somebody is not logged in."""
    context = {"reason": reason}
    return render(request, "trajectories/single_sign_on/refused.html", context, status=status)


@login_not_required
@never_cache
@require_POST
def start(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Send somebody to the provider. A POST, so that no other site can begin it."""
    return _patiently(request, lambda: views.login(request, provider_id))


@login_not_required
@never_cache
@require_safe
def finish(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take in what the provider says of whoever comes back from there."""
    return _patiently(request, lambda: views.callback(request, provider_id))


def _patiently(request: HttpRequest, act: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        return act()
    except FAULTS as fault:
        logger.warning("Single sign-on failed: %s", type(fault).__name__)
        return refused(request, AWAY, status=502)
