"""Forms that count once however often they are sent."""

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
        key = request.POST.get(KEY, "") if request.method == "POST" else ""
        if not key:
            return view(request, *arguments, **named)
        answers: list[HttpResponse] = []

        def make() -> str | None:
            answers.append(view(request, *arguments, **named))
            return answers[0].get("Location")

        digest = submission_digest(
            user_id=visitor(request).pk,
            target=request.get_full_path(),
            key=key,
            content=[(name, values) for name, values in request.POST.lists() if name not in NOT_CONTENT],
        )
        address = make_once(digest, make)
        return answers[0] if answers else HttpResponseRedirect(address)

    return counted
