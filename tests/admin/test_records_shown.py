"""Every table and a row of each, looked at; nothing is added or changed."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.urls import reverse

from tests.admin.test_records import MODELS, rows_of_learning
from tests.factories import make_review, make_trace, make_verdict, plan


@pytest.fixture(scope="module")
def chief(shared_rows):
    """A superuser, and a row of most tables."""
    with shared_rows():
        person = User.objects.create_superuser("chief")
        review = make_review(trace=make_trace(), reviewer=person)
        make_verdict(trace=review.trace)
        plan(actor=person)
        rows_of_learning(review.trace)
        return person


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_everything_can_be_looked_at_and_nothing_added_or_changed(client, db, chief, model):
    assert model in admin.site._registry
    client.force_login(chief)
    name = f"admin:trajectories_{model._meta.model_name}"
    assert client.get(reverse(f"{name}_changelist")).status_code == 200
    assert client.get(reverse(f"{name}_add")).status_code == 403
    row = model.objects.first()
    if row is not None:
        page = client.get(reverse(f"{name}_change", args=[row.pk]))
        assert page.status_code == 200
        assert 'name="_save"' not in page.content.decode()
        assert client.post(reverse(f"{name}_delete", args=[row.pk])).status_code == 403


def test_its_pages_bear_the_products_mark(client, db, chief):
    """Without one a browser asks for /favicon.ico, which is not there, on every page."""
    client.force_login(chief)
    for name in ("admin:index", "admin:trajectories_run_changelist"):
        assert '<link rel="icon"' in client.get(reverse(name)).content.decode()
