"""Forms sent twice, as a double click or a slow line sends them."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.factories import make_problem, make_trace
from tests.pages import Page
from trajectories.models import Instruction, Reverification, Run, Sampler
from trajectories.services.endpoints.samplers import ensure_symbolic

CLICKS = 4


def form_of(client, address):
    """What a browser would send of the form on a page, as it is shown."""
    page = client.get(address)
    assert page.status_code == 200
    (form,) = [form for form in Page(page.content.decode(), address).forms if "form_key" in form.fields]
    return form.filled_in()


@pytest.mark.django_db(transaction=True)
def test_a_launch_form_clicked_four_times_at_once_makes_one_run(lead):
    make_problem()
    ensure_symbolic()
    client = Client()
    client.force_login(lead)
    data = form_of(client, reverse("run_new"))
    assert data["form_key"]
    gate = Barrier(CLICKS)

    def click(_):
        browser = Client()
        browser.cookies = client.cookies
        gate.wait()
        try:
            return browser.post(reverse("run_new"), data)
        finally:
            connection.close()

    with ThreadPoolExecutor(CLICKS) as pool:
        answers = list(pool.map(click, range(CLICKS)))
    run = Run.objects.get()
    assert [(answer.status_code, answer["Location"]) for answer in answers] == [
        (302, reverse("run_detail", args=[run.pk]))
    ] * CLICKS


@pytest.mark.parametrize(
    ("name", "model", "values"),
    [
        ("run_new", Run, {"title": "Once"}),
        ("sampler_new", Sampler, {"title": "Once", "name": "once", "model": "m", "base_url": "https://models.example"}),
        ("instruction_new", Instruction, {"title": "Once", "name": "once"}),
        ("reverification_new", Reverification, {}),
    ],
)
def test_the_same_form_again_leads_to_what_it_made(client, lead, name, model, values):
    make_trace()
    ensure_symbolic()
    client.force_login(lead)
    data = {**form_of(client, reverse(name)), **values}
    first = client.post(reverse(name), data)
    assert first.status_code == 302, first.content.decode()
    before = model.objects.count()
    again = client.post(reverse(name), data)
    assert (again.status_code, again["Location"]) == (302, first["Location"])
    assert model.objects.count() == before


def test_a_page_loaded_anew_or_a_form_changed_makes_another(client, lead, problem):
    ensure_symbolic()
    client.force_login(lead)
    data = form_of(client, reverse("run_new"))
    assert form_of(client, reverse("run_new"))["form_key"] != data["form_key"]
    for sent in (data, {**data, "title": "Changed after going back"}, form_of(client, reverse("run_new"))):
        client.post(reverse("run_new"), sent)
    assert Run.objects.count() == 3


def test_a_refused_form_can_be_mended_and_sent(client, lead, problem):
    ensure_symbolic()
    client.force_login(lead)
    data = form_of(client, reverse("run_new"))
    refused = client.post(reverse("run_new"), {**data, "samples_each": "0"})
    assert refused.status_code == 422
    assert client.post(reverse("run_new"), {**data, "samples_each": "0"}).status_code == 422
    assert client.post(reverse("run_new"), data).status_code == 302
    assert re.search(r'name="form_key" value="[0-9a-f-]{36}"', refused.content.decode())


def test_a_form_without_a_key_counts_each_time(client, lead, problem):
    ensure_symbolic()
    client.force_login(lead)
    data = {name: value for name, value in form_of(client, reverse("run_new")).items() if name != "form_key"}
    for _ in range(2):
        client.post(reverse("run_new"), data)
    assert Run.objects.count() == 2
