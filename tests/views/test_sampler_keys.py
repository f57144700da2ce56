"""Who sees which variable holds a key, which are offered, and what endpoints said."""

import re

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tests.endpoint import bind_keys, flip_endpoint, sampler_for
from tests.factories import make_instruction, make_problem, make_sampler, plan
from tests.views.test_samplers import FIELDS
from trajectories.adapters.chat_api import ChatSettings
from trajectories.models import Sampler
from trajectories.services.endpoints.faults import keep_fault
from trajectories.services.runs.chat_sampling import sample_session
from trajectories.stand_ins.fake_endpoint import Play

NAME = "PLANTED_NAME_OF_A_KEY"
SAID = "planted words of the endpoint"
URL = "http://localhost:8000/v1"


@pytest.fixture
def admin(db) -> User:
    return User.objects.create_superuser("ada", password="a long enough password")


@pytest.fixture
def people(lead, curator, engineer, admin):
    return {"lead": lead, "curator": curator, "engineer": engineer, "admin": admin}


@pytest.fixture
def sampler(settings) -> Sampler:
    bind_keys(settings, f"{NAME}={URL}")
    return make_sampler(kind="chat", parameters=ChatSettings(URL, "m", key_variable=NAME).as_parameters())


def page(client, name, *arguments, **data) -> str:
    response = client.get(reverse(name, args=arguments), data)
    assert response.status_code == 200
    return response.content.decode()


def options(text: str) -> dict[str, str]:
    """Values and labels of the choice of a variable."""
    chosen = re.search(r'<select name="key_variable".*?</select>', text, re.DOTALL)
    assert chosen is not None
    return dict(re.findall(r'<option value="([^"]*)"[^>]*>([^<]*)</option>', chosen[0]))


@pytest.mark.parametrize(("role", "seen"), [("curator", False), ("engineer", False), ("lead", True), ("admin", True)])
def test_the_name_of_the_key_is_for_those_who_may_change_it(client, people, sampler, role, seen):
    client.force_login(people[role])
    view = make_instruction(style="program", suits="chat")
    run = plan(sampler=sampler, problems=[make_problem()], instructions=[view], samples_each=1)
    sample_session(run_id=run.pk, on_traces=list)
    run.refresh_from_db()
    assert run.state == "paused", "the key is not set"
    detail = page(client, "sampler_detail", sampler.pk)
    assert (NAME in detail) is seen
    assert "variable with this sampler&#x27;s key is not set" in detail
    for text in (page(client, "sampler_list"), page(client, "run_detail", run.pk), page(client, "run_list")):
        assert NAME not in text


def test_nobody_but_who_may_change_samplers_reaches_the_form(client, people, sampler):
    for role, status in {"curator": 403, "engineer": 403, "lead": 200, "admin": 200}.items():
        client.force_login(people[role])
        for address in (reverse("sampler_new"), reverse("sampler_edit", args=[sampler.pk])):
            assert client.get(address).status_code == status
            asked = client.get(address, {"base_url": URL}, headers={"HX-Request": "true"})
            assert (asked.status_code, NAME in asked.content.decode()) == (status, status == 200)


def test_the_form_offers_the_variables_that_fit_and_says_which_are_set(client, lead, settings, monkeypatch):
    monkeypatch.setenv("ONE_KEY", "the value of the key")
    monkeypatch.delenv("TWO_KEY", raising=False)
    monkeypatch.setenv("CANARY", "the value of the key")
    bind_keys(settings, f"ONE_KEY={URL}, TWO_KEY={URL}, THREE_KEY=https://api.openai.com/v1")
    client.force_login(lead)
    fitting = {"": "No key", "ONE_KEY": "ONE_KEY (set)", "TWO_KEY": "TWO_KEY (not set)"}
    asked = {"headers": {"HX-Request": "true"}}
    part = client.get(reverse("sampler_new"), {"base_url": URL, "key_variable": "TWO_KEY"}, **asked).content.decode()
    assert "<html" not in part
    assert options(part) == fitting
    assert '<option value="TWO_KEY" selected' in part
    empty = page(client, "sampler_new")
    assert set(options(empty)) == {"", "ONE_KEY", "TWO_KEY", "THREE_KEY"}
    assert f"ONE_KEY (set), for {URL}" in empty
    assert set(options(page(client, "sampler_new", preset="openai"))) == {"", "THREE_KEY"}
    none = client.get(reverse("sampler_new"), {"base_url": "http://localhost:1/v1"}, **asked).content.decode()
    assert options(none) == {"": "No key"}
    assert "No variable is bound to this base URL. An admin binds variables to addresses in MODEL_KEYS." in none
    for text in (part, empty, none):
        assert "the value of the key" not in text
        assert "CANARY" not in text


def test_after_a_wrong_address_the_form_offers_what_fits_without_any_script(client, lead, settings):
    bind_keys(settings, f"ONE_KEY={URL}, THREE_KEY=https://api.openai.com/v1")
    client.force_login(lead)
    wrong = client.post(reverse("sampler_new"), {**FIELDS, "base_url": URL, "key_variable": "THREE_KEY"})
    assert wrong.status_code == 422
    assert set(options(wrong.content.decode())) == {"", "ONE_KEY"}
    right = client.post(reverse("sampler_new"), {**FIELDS, "base_url": URL, "key_variable": "ONE_KEY"})
    assert right.status_code == 302
    assert Sampler.objects.get(name="local").parameters["key_variable"] == "ONE_KEY"


def test_a_new_installation_needs_one_variable_and_no_setting(client, lead, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-0123456789")
    client.force_login(lead)
    form = page(client, "sampler_new", preset="openai")
    assert '<option value="OPENAI_API_KEY" selected>OPENAI_API_KEY (set)</option>' in form
    assert "sk-planted" not in form


def test_an_old_sampler_says_what_an_admin_has_to_set(client, people, sampler, settings):
    bind_keys(settings, "")
    for role, seen in {"curator": False, "lead": True, "admin": True}.items():
        client.force_login(people[role])
        detail = page(client, "sampler_detail", sampler.pk)
        assert (
            "The settings do not bind this sampler&#x27;s key to http://localhost:8000/v1; an admin can do that"
            in detail
        )
        if seen:
            assert f"{NAME} is not bound to this base URL. An admin" in page(client, "sampler_edit", sampler.pk)
        assert (f"expected MODEL_KEYS=&quot;{NAME}={URL}&quot; where server and workers run" in detail) is seen
        assert (NAME in detail) is seen


@pytest.mark.parametrize(("role", "seen"), [("curator", False), ("engineer", False), ("lead", False), ("admin", True)])
def test_what_an_endpoint_said_is_for_admins(client, people, role, seen):
    client.force_login(people[role])
    sampler = sampler_for(flip_endpoint())
    keep_fault(sampler=sampler, kind="bad_request", detail=f"{SAID} \u202e<script>")
    detail = page(client, "sampler_detail", sampler.pk)
    assert (SAID in detail) is seen
    assert "<script>" not in detail.split('id="main"')[-1].replace("<script src", "")


@pytest.mark.parametrize("fragment", [True, False])
@pytest.mark.parametrize(("role", "seen"), [("lead", False), ("admin", True)])
def test_a_trial_shows_leads_the_status_and_admins_the_words(client, people, role, seen, fragment):
    client.force_login(people[role])
    headers = {"HX-Request": "true"} if fragment else {}
    with flip_endpoint(script=[Play("401")]) as endpoint:
        address = reverse("sampler_test", args=[sampler_for(endpoint).pk])
        text = client.post(address, headers=headers).content.decode()
    assert "The endpoint does not accept the key (401)." in text
    assert ("Incorrect API key" in text) is seen
