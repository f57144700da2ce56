"""Pages of the admin for tests: choosing rows, asking for an action, meaning it."""

from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.pages import Form, Page


def table(model: Any) -> str:
    """The address of a model's table."""
    return reverse(f"admin:trajectories_{model._meta.model_name}_changelist")


def ask(client: Client, action: str, *rows: Any) -> HttpResponse:
    """What comes of choosing an action for rows."""
    data = {"action": action, ACTION_CHECKBOX_NAME: [row.pk for row in rows]}
    return client.post(table(type(rows[0])), data, follow=True)


def form_of(answer: HttpResponse, model: Any) -> Form:
    """The form of the page that asks."""
    forms = [form for form in Page(answer.content.decode(), table(model)).forms if "asked" in form.fields]
    assert len(forms) == 1, answer.content.decode()
    return forms[0]


def confirm(client: Client, asked: HttpResponse, model: Any, **changes: Any) -> HttpResponse:
    """What comes of sending the page that asks, as it was shown but for some changes, with its main button."""
    sent: dict[str, Any] = {**form_of(asked, model).filled_in(), **changes}
    sent.pop("estimate", None)
    sent[ACTION_CHECKBOX_NAME] = [subject.pk for subject in asked.context["question"].subjects]
    return client.post(table(model), {**sent, "confirmed": "yes"}, follow=True)
