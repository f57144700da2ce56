"""Every address, method and role against the table of tests/access.py."""

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.test import RequestFactory
from django.urls import URLPattern
from django.urls.converters import IntConverter
from django_htmx.middleware import HtmxDetails

from tests.access import ANYBODY, PAGES, ROLES
from tests.projects import another_project, member
from trajectories.adapters.acting import FIRST, acting_in
from trajectories.services.installation.roles import ROLES as KNOWN
from trajectories.urls import urlpatterns

METHODS = ("GET", "POST", "PUT", "DELETE")
BY_NAME = {pattern.name: pattern for pattern in urlpatterns}
NOWHERE = 10**9


def answered(person: User | AnonymousUser, pattern: URLPattern, method: str) -> int:
    """The status that a view answers with, for something that is not there and a form that is empty."""
    request = getattr(RequestFactory(), method.lower())("/here/")
    request.user, request.session, request.csrf_processing_done = person, SessionStore(), True
    request._messages, request.htmx = FallbackStorage(request), HtmxDetails(request)
    converters = pattern.pattern.converters.items()
    values = {name: NOWHERE if isinstance(each, IntConverter) else "none" for name, each in converters}
    with transaction.atomic():
        try:
            return pattern.callback(request, **values, **pattern.default_args).status_code
        except PermissionDenied:
            return 403
        except Http404:
            return 404
        finally:
            transaction.set_rollback(True)


def make_person(role: str, project: int) -> User:
    if project != FIRST and role != "nobody":
        raise AssertionError("made by tests.projects.member")
    user = User.objects.create_user(role)
    if role != "nobody":
        user.groups.add(Group.objects.get(name=role))
    return user


def test_every_role_and_every_address_has_its_entry():
    assert set(ROLES) == {"nobody", *KNOWN}
    assert sorted(PAGES) == sorted(BY_NAME)


def test_who_needs_no_account_is_told_apart():
    open_to_all = {name for name, pattern in BY_NAME.items() if not getattr(pattern.callback, "login_required", True)}
    assert open_to_all == {name for name, entry in PAGES.items() if ANYBODY in entry.values()}


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_refused_what_the_table_does_not_give(role):
    """In the first project, where a role is a group."""
    person = make_person(role, FIRST)
    assert wrong_answers(person, role, METHODS) == []


@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_a_role_of_another_project_is_refused_the_same(role):
    """In another project, where a role is a membership; whoever has it is nobody in the first."""
    project = another_project()
    person = make_person(role, project.pk) if role == "nobody" else member(project, role, role)
    with acting_in(project.pk):
        assert wrong_answers(person, role, ("GET", "POST")) == []
    only_with_role = {name: entry for name, entry in PAGES.items() if entry.get("GET") and "nobody" not in entry["GET"]}
    assert [name for name in only_with_role if answered(person, BY_NAME[name], "GET") != 403] == []


def wrong_answers(person: User, role: str, methods: tuple[str, ...]) -> list[str]:
    wrong = []
    for name, entry in PAGES.items():
        for method in methods:
            status = answered(person, BY_NAME[name], method)
            given = entry.get(method)
            if given is None:
                is_right = status in (403, 405)
            else:
                is_right = status not in (403, 405) if role in given else status == 403
            if not is_right:
                wrong.append(f"{method} {name}: {status}")
    return wrong
