"""The page between an action and its effect: what would happen to what, what it takes, and whether that is meant."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from trajectories.admin.base import ReadOnlyAdmin
from trajectories.services.submissions import make_once, submission_digest

MOST_AT_ONCE = 100
"""So many rows one page asks about; each is shown with what would happen to it."""

ASKED, CONFIRMED, KEY = "asked", "confirmed", "form_key"
"""Fields of the page: that it was shown before, that it is meant, and what makes it count once."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is asked about. `facts` are (title, value); `refusal` says why nothing will happen to it, else empty.

    `estimate` is a template with what it would take, and `context` what that template shows.
    """

    pk: Any
    title: str
    facts: Sequence[tuple[str, str]] = ()
    refusal: str = ""
    estimate: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """The page: what is asked, in words, of which rows, and what may be said about it in `form`."""

    action: str
    title: str
    text: str
    button: str
    subjects: Sequence[Subject]
    form: forms.Form | None = None
    is_final: bool = False

    @property
    def can_go_on(self) -> bool:
        """Whether anything would happen."""
        return any(not subject.refusal for subject in self.subjects)


def chosen_rows(table: ReadOnlyAdmin, request: HttpRequest, rows: QuerySet[Any]) -> list[Any] | None:
    """The rows that were chosen; None, with a message, where they are more than a page shows."""
    found = list(rows.order_by("pk").values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
    if len(found) <= MOST_AT_ONCE:
        return found
    text = f"More than {MOST_AT_ONCE} rows are chosen; expected at most {MOST_AT_ONCE} at once. Nothing was done."
    table.message_user(request, text, messages.ERROR)
    return None


def is_asked(request: HttpRequest) -> bool:
    """Whether the page was shown and sent."""
    return ASKED in request.POST


def is_confirmed(request: HttpRequest) -> bool:
    """Whether somebody has seen the page and means it."""
    return CONFIRMED in request.POST


def ask(table: ReadOnlyAdmin, request: HttpRequest, question: Question, *, status: int = 200) -> HttpResponse:
    """Show the page."""
    context = {
        **table.admin_site.each_context(request),
        "title": question.title,
        "question": question,
        "opts": table.opts,
        "media": table.media,
        "checkbox": ACTION_CHECKBOX_NAME,
        "form_key": request.POST.get(KEY) or uuid.uuid4(),
    }
    return TemplateResponse(request, "admin/trajectories/ask.html", context, status=status)


def do_once(request: HttpRequest, make: Callable[[], str]) -> HttpResponse:
    """Do what was asked and lead to the address that `make` gives; the same page sent twice does it once.

    What `make` raises goes on to the caller, and nothing of it is stored.
    """
    content = [(name, values) for name, values in request.POST.lists() if name not in (KEY, "csrfmiddlewaretoken")]
    if not (key := request.POST.get(KEY, "")):  # not sent by our page: counts each time
        return HttpResponseRedirect(make())
    assert request.user.pk is not None, "the admin is for who is signed in"
    digest = submission_digest(user_id=request.user.pk, target=request.path, key=key, content=content)
    return HttpResponseRedirect(make_once(digest, make))
