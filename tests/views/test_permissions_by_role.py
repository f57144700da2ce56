"""Every address, method and role against the table of tests/access.py, where nothing is at the address."""

import json
import os
import subprocess
import sys

import pytest
from django.contrib.auth.models import User
from django.urls import URLPattern, URLResolver, get_resolver

from tests.access import ANYBODY, OPERATIONS, PAGES, ROLES, SIGN_ON_PAGES
from tests.asking import METHODS, answer_of, fits, nowhere, person_of
from tests.projects import another_project, member
from tests.worker import ROOT
from trajectories.adapters.acting import FIRST, acting_in
from trajectories.services.installation.roles import ROLES as KNOWN
from trajectories.urls import urlpatterns

BY_NAME = {pattern.name: pattern for pattern in urlpatterns}
SIGN_ON = """
import django, json
django.setup()
from tests.asking import METHODS, answer_of
from trajectories.urls import urlpatterns
from django.contrib.auth.models import AnonymousUser
from unittest.mock import patch
from contextlib import nullcontext
found = {}
with patch("tests.asking.undone", nullcontext):  # there is no database here, and a method that is not taken asks none
    for each in urlpatterns:
        is_new = each.name.startswith("openid_connect")
        wrong = [m for m in ("PUT", "PATCH", "DELETE") if is_new and answer_of(
            AnonymousUser(), each, m, {"provider_id": "oidc"}).status_code != 405]
        found[each.name] = (getattr(each.callback, "login_required", True), wrong)
print(json.dumps(found))
"""


def refusals(person: User, name: str, methods: tuple[str, ...]) -> dict[str, int]:
    """The statuses by method of an address that nothing is at."""
    pattern = BY_NAME[name]
    return {method: answer_of(person, pattern, method, nowhere(pattern)).status_code for method in methods}


def test_every_role_and_every_address_has_its_entry():
    assert set(ROLES) == {"nobody", *KNOWN}
    assert sorted(PAGES) == sorted(BY_NAME)


def test_nothing_is_served_beside_the_pages_the_api_and_the_admin():
    """What the table holds is all there is: the whole URL conf is these three, and the API has its own table."""
    branches = {str(entry.pattern): entry for entry in get_resolver().url_patterns}
    assert sorted(branches) == ["", "admin/", "api/v1/"]
    assert all(isinstance(entry, URLResolver) for entry in branches.values())
    assert all(isinstance(entry, URLPattern) for entry in branches[""].url_patterns)
    assert {entry.pattern.regex.pattern if entry.name is None else entry.name for entry in api_patterns()} == {
        *OPERATIONS,
        "openapi",
        "^.*$",
    }


def api_patterns() -> list[URLPattern]:
    found, waiting = [], [entry for entry in get_resolver().url_patterns if str(entry.pattern) == "api/v1/"]
    while waiting:
        entry = waiting.pop()
        if isinstance(entry, URLResolver):
            waiting += entry.url_patterns
        else:
            found.append(entry)
    return found


def test_who_needs_no_account_is_told_apart():
    open_to_all = {name for name, pattern in BY_NAME.items() if not getattr(pattern.callback, "login_required", True)}
    assert open_to_all == {name for name, entry in PAGES.items() if ANYBODY in entry.values()}


def test_the_addresses_of_single_sign_on_have_their_entries_too():
    """They are there in a process alone that was told of a provider."""
    told = {"OIDC_ISSUER": "https://login.example.org", "OIDC_CLIENT_ID": "us", "OIDC_CLIENT_SECRET": "secret"}
    environment = {**os.environ, **told, "DJANGO_SETTINGS_MODULE": "tests.plain_settings"}
    ran = subprocess.run(
        [sys.executable, "-c", SIGN_ON], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    table = {**PAGES, **SIGN_ON_PAGES}
    assert sorted(found) == sorted(table)
    assert {name for name, (is_closed, _) in found.items() if not is_closed} == {
        name for name, entry in table.items() if ANYBODY in entry.values()
    }
    assert {name: wrong for name, (_, wrong) in found.items() if wrong} == {}


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_refused_what_the_table_does_not_give(role):
    """In the first project, where a role is a group."""
    assert wrong_answers(person_of(role), role, METHODS) == []


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_a_role_of_another_project_is_refused_the_same(role):
    """In another project, where a role is a membership; whoever has it is nobody in the first."""
    project = another_project()
    assert project.pk != FIRST
    person = person_of(role) if role == "nobody" else member(project, role, role)
    with acting_in(project.pk):
        assert wrong_answers(person, role, ("GET", "POST")) == []
    only_with_role = [name for name, entry in PAGES.items() if entry.get("GET") and "nobody" not in entry["GET"]]
    assert [name for name in only_with_role if refusals(person, name, ("GET",)) != {"GET": 403}] == []


def wrong_answers(person: User, role: str, methods: tuple[str, ...]) -> list[str]:
    wrong = []
    for name, entry in PAGES.items():
        for method, status in refusals(person, name, methods).items():
            given = entry.get(method)
            if not fits(status, given, role):
                wrong.append(f"{method} {name}: {status}")
    return wrong
