"""Every address and every form, as every role, with what nobody expects in every field: no error, no stall.

Addresses come from the URL conf, forms from the pages that show them, parameters from what the views look for: a new
page is covered by itself. `CRAWL=deep` sends every odd value in every field, as every role, and then made-up ones.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.crawl.crawler import Crawler, body_of, form_identity
from tests.crawl.values import ANY_VALUE, ODD, encoded
from tests.crawl.world import ROLES, World, addresses, every_pattern, make_world
from tests.pages import Form

pytestmark = pytest.mark.django_db
DEEP = os.environ.get("CRAWL") == "deep"
VALUES_EACH = len(ODD) if DEEP else 1
"""Odd values for each field; which ones changes from field to field, so that all are used."""
PART = 8
"""Of them for a field of a form that several roles see, for each role but one."""
PARTS = 4
"""Tests into which a deep crawl parts the forms of a lead, for as many processes (`-n 4 --dist worksteal`)."""
EXAMPLES = 2_000 if DEEP else 60
ADMINS_FORMS = {
    *("people_list", "person_change", "invitation_revoke", "project_list", "project_change", "project_detail"),
    *("project_member", "spend_limit_set", "spend_limit_lift"),
}
"""Forms of an admin that a lead does not see."""
HTMX = {"HX_Request": "true"}


@pytest.fixture
def world(settings, tmp_path) -> World:
    settings.VAR_DIR = tmp_path
    settings.EXPORT_DIR = tmp_path / "exports"
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024
    return make_world()


def routes(*, admin: bool) -> list:
    return [(route, pattern) for route, pattern in every_pattern() if route.startswith("admin/") == admin]


def turning(place: int, count: int = VALUES_EACH) -> Iterator[bytes]:
    """`count` of the odd values, others for each place."""
    return (ODD[(place * count + number) % len(ODD)] for number in range(count))


def visit(crawler: Crawler, world: World, *, admin: bool, all_rows: bool) -> list[Form]:
    """Every address there is, read and written to without a form; one form of each kind that the pages showed."""
    found: dict[object, Form] = {}
    for route, pattern in routes(admin=admin):
        if route.endswith("logout/"):
            continue
        for address in addresses(world, route, pattern)[: None if DEEP else 2 if all_rows else 1]:
            page = crawler.page(address)
            for form in page.forms if page else ():
                found.setdefault(form_identity(form), form)
            crawler.post(address, b"")
            if DEEP:
                crawler.get(address, b"", **HTMX)
                crawler.head(address)
    return [form for form in found.values() if not form.address.endswith("/logout/")]


@pytest.mark.long
@pytest.mark.parametrize("role", ROLES)
def test_every_address_answers_everyone(world, role):
    crawler = Crawler(world.people[role])
    forms = visit(crawler, world, admin=False, all_rows=role == "lead")
    if role == "admin" or DEEP:
        visit(crawler, world, admin=True, all_rows=False)
    for place, form in enumerate(forms):
        names = sorted(name for name in form.fields if name != "csrfmiddlewaretoken")
        for value in turning(place + ROLES.index(role), 1) if names else ():
            send(crawler, form, {names[place % len(names)]: [value]})
    assert crawler.requests > 150
    assert crawler.faults == []


def test_addresses_that_nothing_is_at_are_not_found(world):
    crawler = Crawler(world.people["lead"])
    for route, pattern in every_pattern() if DEEP else routes(admin=False):
        for address in addresses(world, route, pattern, odd=True):
            crawler.get(address)
    assert crawler.requests > 200
    assert crawler.faults == []


@pytest.mark.long
def test_every_parameter_of_an_address_may_be_anything(world):
    crawler = Crawler(world.people["admin"])
    place = 0
    for route, pattern in routes(admin=False):
        address = addresses(world, route, pattern)[0]
        if route.endswith("logout/"):
            continue
        crawler.get(address)
        if crawler.client.looked_for_htmx:
            crawler.get(address, b"", **HTMX)
        for name in sorted(crawler.asked[address]):
            for value in (*turning(place), b"a\0b"):
                crawler.get(address, encoded({name: [value]}), **(HTMX if place % 2 else {}))
            if DEEP:
                crawler.get(address, encoded({name: list(turning(place))}), **HTMX)
            place += 1
    assert place > 150
    assert crawler.faults == []


def forms_of(crawler: Crawler, world: World, *, admin: bool) -> list[Form]:
    """One form of each kind that the pages show, and one for each address that htmx posts a form to."""
    found: dict[object, Form] = {}
    for route, pattern in routes(admin=admin):
        if route.endswith("logout/"):
            continue
        for address in addresses(world, route, pattern):
            page = crawler.page(address)
            for form in page.forms if page else ():
                found.setdefault(form_identity(form), form)
                for posted in page.posted - {form.address}:
                    copied = Form(posted, "post", fields=form.fields)
                    found.setdefault(form_identity(copied), copied)
    return [form for form in found.values() if not form.address.endswith("/logout/")]


def send(crawler: Crawler, form: Form, changes: dict[str, list[bytes]]) -> None:
    body = body_of(form, changes)
    if form.method == "post":
        crawler.post(form.address, body)
    else:
        crawler.get(form.address.partition("?")[0], body)


def values_for(role: str, form: Form, place: int, of_lead: set[object]) -> Iterator[bytes]:
    """What to send in a field: all there is, but where a lead sees the same form each other role sends its own part.

    What a role may not do is refused before anything is read; what it may is the lead's code.
    """
    if not DEEP or role == "lead" or form_identity(form) not in of_lead:
        return turning(place)
    return turning(place + ROLES.index(role), PART)


TURNS = [(role, part) for role in ROLES for part in range(PARTS if role == "lead" else 1)]


@pytest.mark.long
@pytest.mark.parametrize(("role", "part"), TURNS if DEEP else [("lead", 0), ("admin", 0)])
def test_every_field_of_every_form_may_be_anything(world, role, part):
    """In the short form as a lead, and as an admin those that a lead does not see."""
    crawler = Crawler(world.people[role])
    forms = forms_of(crawler, world, admin=False)
    lead = forms if role == "lead" else forms_of(Crawler(world.people["lead"]), world, admin=False)
    of_lead = {form_identity(form) for form in lead}
    if role == "admin":
        names = {form_identity(form)[0] for form in forms} - {name for name, *_ in of_lead}
        assert names >= ADMINS_FORMS, ADMINS_FORMS - names
        forms = [form for form in forms if DEEP or form_identity(form) not in of_lead]
    place = 0
    for form in forms[part::PARTS] if DEEP and role == "lead" else forms:
        send(crawler, form, {})
        for name in form.fields:
            if name == "csrfmiddlewaretoken":
                continue
            for value in values_for(role, form, place, of_lead):
                send(crawler, form, {name: [value]})
            if DEEP or place % 3 == 0:
                send(crawler, form, {name: []})
            place += 1
    assert crawler.faults == []
    if role == "lead":
        assert place > (150 / PARTS if DEEP else 150)


def test_every_form_may_be_filled_in_with_anything_at_once(world):
    crawler = Crawler(world.people["lead"])
    forms = forms_of(crawler, world, admin=False)

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None)
    @given(st.data())
    def fill_in(data: st.DataObject) -> None:
        form = data.draw(st.sampled_from(forms))
        names = sorted(name for name in form.fields if name != "csrfmiddlewaretoken")
        chosen = data.draw(st.lists(st.sampled_from(names), max_size=5, unique=True)) if names else []
        send(crawler, form, {name: data.draw(st.lists(ANY_VALUE, max_size=3)) for name in chosen})
        assert crawler.faults == []

    fill_in()


@pytest.mark.long
def test_the_admin_takes_anything(world):
    crawler = Crawler(world.people["admin"])
    for place, form in enumerate(forms_of(crawler, world, admin=True)):
        for name in form.fields:
            for value in turning(place):
                send(crawler, form, {name: [value]})
    assert crawler.faults == []
