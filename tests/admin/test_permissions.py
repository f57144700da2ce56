"""Every table and action of the administration against the block of tests/access_admin.py, for every role."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from tests.access import ROLES
from tests.access_admin import ACTIONS, CHANGED, REMOVED, TABLES
from tests.asking import answer_of, person_of
from tests.world import lasting_world

pytestmark = pytest.mark.django_db
BY_NAME = {model._meta.model_name: (model, table) for model, table in admin.site._registry.items()}
KINDS = ("changelist", "add", "history", "delete", "change")
BESIDE_TABLES = {
    *("index", "login", "logout", "password_change", "password_change_done", "autocomplete", "jsi18n"),
    *("view_on_site", "app_list", "auth_user_password_change"),
}
"""Addresses of the administration that are about no table, or that Django adds to one."""
LIBRARY_ACTIONS = {"cleanup_expired_attempts", "delete_selected"}
"""Actions that libraries bring to their own tables, which superusers alone see."""


def patterns() -> list[URLPattern]:
    """Every address of the administration."""
    found, waiting = [], [entry for entry in get_resolver().url_patterns if str(entry.pattern) == "admin/"]
    while waiting:
        entry = waiting.pop()
        if isinstance(entry, URLResolver):
            waiting += entry.url_patterns
        else:
            found.append(entry)
    return found


def split(pattern: URLPattern) -> tuple[str, str]:
    """The model and the kind of an address about a table; ("", its name) of another one."""
    if pattern.name in BESIDE_TABLES:
        return "", pattern.name
    matched = re.fullmatch(rf"(?:auth|axes|trajectories)_(\w+)_({'|'.join(KINDS)})", pattern.name or "")
    return (matched[1], matched[2]) if matched else ("", pattern.name or "")


@pytest.fixture(scope="module")
def rows(shared_rows) -> Iterator[dict[str, str]]:
    """By table, the key of a row, of most tables."""
    with shared_rows(), lasting_world(person_of("lead", "lena")):
        first = {name: model._default_manager.order_by("pk").first() for name, (model, _) in BY_NAME.items()}
        found = {name: str(row.pk) for name, row in first.items() if row is not None}
        assert len(found) > 50
        yield found


def test_every_table_has_its_entry_and_nothing_else_is_there():
    assert sorted(TABLES) == sorted(BY_NAME)
    found = {split(pattern) for pattern in patterns()}
    assert {table for table, _ in found if table} == set(TABLES)
    assert {name for table, name in found if not table} == {*BESIDE_TABLES, ""}


@pytest.mark.parametrize("role", ROLES)
def test_a_member_of_the_staff_sees_the_tables_of_their_role(rows, role):
    person = person_of(role, is_staff=True)
    wrong = []
    for pattern in patterns():
        table, kind = split(pattern)
        is_of_row = kind not in ("changelist", "add")
        if not table or (is_of_row and table not in rows):
            continue
        parameters = {"object_id": rows[table]} if is_of_row else {}
        is_given = role in TABLES[table] and kind not in ("add", "delete")
        for method in ("GET", "POST"):
            answer = answer_of(person, pattern, method, parameters)
            refused = answer.status_code == 403
            # What is looked at is not changed: a form that is sent is refused, or comes back as the row.
            if refused == is_given and not (is_given and method == "POST"):
                wrong.append(f"{method} {pattern.name}: {answer.status_code}")
    assert wrong == []


def test_a_superuser_changes_people_and_groups_and_nothing_else(chief):
    request = request_of(chief)
    for name, (_, table) in BY_NAME.items():
        assert table.has_view_permission(request), name
        assert table.has_add_permission(request) is (name in CHANGED), name
        assert table.has_change_permission(request) is (name in (*CHANGED, *REMOVED)), name
        assert table.has_delete_permission(request) is (name in REMOVED), name


@pytest.mark.parametrize("role", ["anonymous", *ROLES])
def test_who_is_no_member_of_the_staff_is_sent_to_log_in(role):
    person = AnonymousUser() if role == "anonymous" else person_of(role)
    for pattern in patterns():
        if pattern.name in ("login", "logout", "jsi18n"):
            continue
        table, kind = split(pattern)
        for method in ("GET", "POST"):
            parameters: dict[str, Any] = {} if not table or kind in ("changelist", "add") else {"object_id": "1"}
            answer = answer_of(person, pattern, method, parameters or others(pattern))
            assert answer.status_code == 302, (method, pattern.name, answer.status_code)
            assert answer["Location"].startswith("/admin/login/"), pattern.name


def others(pattern: URLPattern) -> dict[str, str]:
    """Parameters of an address that is about no table."""
    return dict.fromkeys({**pattern.pattern.converters, **pattern.pattern.regex.groupindex}, "1")


def test_an_action_is_offered_to_the_roles_of_the_block(chief):
    found: dict[tuple[str, str], set[str]] = {}
    people = {role: person_of(role, is_staff=True) for role in ROLES}
    for name, (_, table) in BY_NAME.items():
        for action in set(table.get_actions(request_of(chief))) - LIBRARY_ACTIONS:
            found[name, action] = {
                role for role, person in people.items() if action in table.get_actions(request_of(person))
            }
    assert found == {key: set(roles) for key, roles in ACTIONS.items()}


def request_of(person: User) -> Any:
    request = RequestFactory().get("/admin/")
    request.user = person
    return request
