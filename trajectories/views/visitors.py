"""Who is asking."""

from typing import cast

from django.contrib.auth.models import User
from django.http import HttpRequest


def visitor(request: HttpRequest) -> User:
    """The signed-in person: every page but the login page has one, see LoginRequiredMiddleware."""
    return cast(User, request.user)
