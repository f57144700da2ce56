import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.urls import reverse

from tests.factories import make_review, make_run, make_trace, make_verdict, plan
from trajectories.models import Run

MODELS = list(apps.get_app_config("trajectories").get_models())


@pytest.fixture
def chief(db):
    return User.objects.create_superuser("chief", password="a long enough password")


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_everything_can_be_looked_at_and_nothing_added_or_changed(client, chief, model):
    review = make_review(trace=make_trace(), reviewer=chief)
    make_verdict(trace=review.trace)
    plan(actor=chief)
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


def act(client, action, *runs):
    data = {"action": action, "_selected_action": [run.pk for run in runs]}
    return client.post(reverse("admin:trajectories_run_changelist"), data, follow=True).content.decode()


def test_runs_are_steered_and_a_refusal_stops_nobody_else(client, chief):
    active, ended = plan(actor=chief), make_run(state="finished", title="Long over")
    client.force_login(chief)
    text = act(client, "pause", active, ended)
    assert "1 run paused." in text
    assert "Long over: The run is finished; only a queued or running one can be paused." in text
    assert "1 run resumed." in act(client, "resume", active)
    assert "1 run cancelled." in act(client, "cancel", active)
    assert set(Run.objects.values_list("state", flat=True)) == {"cancelled", "finished"}


def test_looking_is_not_steering(client, nobody):
    nobody.is_staff = True
    nobody.save()
    nobody.user_permissions.set(Permission.objects.filter(codename="view_run"))
    run = plan()
    client.force_login(nobody)
    assert 'value="cancel"' not in act(client, "cancel", run)
    run.refresh_from_db()
    assert run.state == "queued"


def test_the_plurals_of_models_are_words():
    plurals = [str(model._meta.verbose_name_plural) for model in MODELS]
    assert [word for word in plurals if re.search(r"([^aeiou]ys|chs|shs|xs|sss)$", word)] == []
