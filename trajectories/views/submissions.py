"""Forms that count once however often they are sent."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from trajectories.services.submissions import make_once, submission_digest
from trajectories.views.visitors import visitor

KEY = "form_key"
"""The field that `{% form_key %}` puts into a form."""
NOT_CONTENT = {KEY, "csrfmiddlewaretoken"}


def once(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let the POST of a view make something once: the same form sent again is redirected to what was made first.

    The view answers with a redirect where it made something, and runs in one transaction. Goes below the checks of
    method and permission. A POST without a key, which no page of ours sends, counts each time.
    """

    @wraps(view)
    def counted(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
        digest = digest_of(request)
        if not digest:
            return view(request, *arguments, **named)
        answers: list[HttpResponse] = []

        def make() -> str | None:
            answers.append(view(request, *arguments, **named))
            return answers[0].get("Location")

        address = make_once(digest, make)
        return answers[0] if answers else HttpResponseRedirect(address)

    return counted


def digest_of(request: HttpRequest) -> str:
    """What is the same of a form however often it is sent, and of no other; "" for a form without a key."""
    key = request.POST.get(KEY, "") if request.method == "POST" else ""
    if not key:
        return ""
    return submission_digest(
        user_id=visitor(request).pk,
        target=request.get_full_path(),
        key=key,
        content=[(name, values) for name, values in request.POST.lists() if name not in NOT_CONTENT],
    )


def seed_of(request: HttpRequest) -> str:
    """What a secret that a form makes follows from: the same however often it is sent. It is kept nowhere."""
    digest = digest_of(request)
    return f"{digest} {request.POST[KEY]}" if digest else str(uuid.uuid4())
