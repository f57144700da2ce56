"""Every address and every form, as every role, with what nobody expects in every field: no error, no stall.

Addresses come from the URL conf, forms from the pages that show them, parameters from what the views look for: a new
page is covered by itself. `CRAWL=deep` (`make crawl`) sends every odd value in every field, alone, as every role, and
then made-up ones. The short form sends one in every field of every form and in every parameter, several together where
that tells as much (`together.py`). The pages of each role are looked at once for all tests.
"""

from collections.abc import Iterator, Sequence

import pytest
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.crawl.crawler import Crawler, body_of, form_identity
from tests.crawl.together import GROUP, Told, in_groups, telling
from tests.crawl.values import ANY_VALUE, ODD, encoded
from tests.crawl.walks import DEEP, routes, walk
from tests.crawl.world import ROLES, World, addresses, every_pattern, make_world
from tests.pages import Form

pytestmark = pytest.mark.django_db
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
POSTERS = ("lead", "admin")
"""Who posts nothing to every address. In the short form each other role does to a third of them: what it is refused by
its permissions is asked of each role and address in `tests/views/test_permissions_by_role.py`."""
HTMX = {"HX_Request": "true"}


@pytest.fixture(scope="module")
def made(shared_rows, tmp_path_factory) -> Iterator[World]:
    path = tmp_path_factory.mktemp("crawl")
    with override_settings(VAR_DIR=path, EXPORT_DIR=path / "exports", DATA_UPLOAD_MAX_MEMORY_SIZE=8 * 1024 * 1024):
        with shared_rows():
            world = make_world()
        yield world


@pytest.fixture
def world(made) -> World:
    return made


def turning(place: int, count: int = VALUES_EACH) -> Iterator[bytes]:
    """`count` of the odd values, others for each place."""
    return (ODD[(place * count + number) % len(ODD)] for number in range(count))


def post_nothing(crawler: Crawler, world: World, role: str, *, admin: bool) -> None:
    """Write to addresses without a form."""
    turn = None if DEEP or role in POSTERS else ROLES.index(role) % 3
    for place, (route, pattern) in enumerate(routes(admin=admin)):
        if turn is not None and place % 3 != turn:
            continue
        for address in addresses(world, route, pattern)[: None if DEEP else 2 if role == "lead" else 1]:
            crawler.post(address, b"")
            if DEEP:
                crawler.get(address, b"", **HTMX)
                crawler.head(address)


@pytest.mark.long
@pytest.mark.parametrize("role", ROLES)
def test_every_address_answers_everyone(world, role):
    """Everything is read as every role, and written to without a form; one odd value in one field of each form."""
    crawler = Crawler(world.people[role])
    parts = [walk(world, role, admin=admin) for admin in ((False, True) if role == "admin" or DEEP else (False,))]
    for admin in range(len(parts)):
        post_nothing(crawler, world, role, admin=bool(admin))
    for place, form in enumerate(parts[0].forms):
        names = names_of(form)
        for value in turning(place + ROLES.index(role), 1) if names else ():
            send(crawler, form, {names[place % len(names)]: [value]})
    assert parts[0].requests > 150
    assert [fault for part in parts for fault in part.faults] + crawler.faults == []


def test_addresses_that_nothing_is_at_are_not_found(world):
    crawler = Crawler(world.people["lead"])
    for route, pattern in every_pattern() if DEEP else routes(admin=False):
        for address in addresses(world, route, pattern, odd=True):
            crawler.get(address)
    assert crawler.requests > 200
    assert crawler.faults == []


@pytest.mark.long
def test_every_parameter_of_an_address_may_be_anything(world):
    """An odd value in each, and one with a NUL; deep: all of them, each by itself and all at once."""
    crawler, walked = Crawler(world.people["admin"]), walk(world, "admin")
    place = 0
    for route, pattern in routes(admin=False):
        address = addresses(world, route, pattern)[0]
        if address not in walked.asked:  # of a row that is newer than the walk
            crawler.get(address)
        if address in walked.for_htmx:
            crawler.get(address, b"", **HTMX)
        names = sorted(walked.asked.get(address, set()) | crawler.asked.get(address, set()))
        odd = {name: list(turning(place + number)) for number, name in enumerate(names)}
        for turn in range(VALUES_EACH):
            ask(crawler, address, {name: values[turn] for name, values in odd.items()}, place + turn)
        ask(crawler, address, dict.fromkeys(names, b"a\0b"), place + 1)
        for name, values in odd.items() if DEEP else ():
            crawler.get(address, encoded({name: values}), **HTMX)
        place += len(names)
    assert place > 150
    assert crawler.faults == []


def ask(crawler: Crawler, address: str, values: dict[str, bytes], turn: int) -> None:
    """Ask for a page with each of the parameters, every other time as htmx does."""

    def asked(names: Sequence[str]) -> Told:
        with telling() as told:
            query = encoded({name: [values[name]] for name in names})
            told.status = crawler.get(address, query, **(HTMX if turn % 2 else {})).status_code
        return told

    in_groups(list(values), asked, together=1 if DEEP else GROUP)


def names_of(form: Form) -> list[str]:
    """The fields that somebody fills in."""
    return sorted(name for name in form.fields if name != "csrfmiddlewaretoken")


def send(crawler: Crawler, form: Form, changes: dict[str, list[bytes]]) -> Told:
    """Send a form with some fields changed; what was refused of it."""
    body = body_of(form, changes)
    with telling() as told:
        if form.method == "post":
            told.status = crawler.post(form.address, body).status_code
        else:
            told.status = crawler.get(form.address.partition("?")[0], body).status_code
    return told


def send_each(crawler: Crawler, form: Form, changes: dict[str, list[bytes]], untouched: Told | None = None) -> None:
    """Send a form with each of the fields changed, several at once where that tells as much."""
    in_groups(
        list(changes),
        lambda names: send(crawler, form, {name: changes[name] for name in names}),
        together=1 if DEEP else GROUP,
        untouched=untouched,
    )


def values_for(role: str, form: Form, place: int, of_lead: set[object]) -> list[bytes]:
    """What to send in a field: all there is, but where a lead sees the same form each other role sends its own part.

    What a role may not do is refused before anything is read; what it may is the lead's code.
    """
    if not DEEP or role == "lead" or form_identity(form) not in of_lead:
        return list(turning(place))
    return list(turning(place + ROLES.index(role), PART))


TURNS = [(role, part) for role in ROLES for part in range(PARTS if role == "lead" else 1)]


@pytest.mark.long
@pytest.mark.parametrize(("role", "part"), TURNS if DEEP else [("lead", 0), ("admin", 0)])
def test_every_field_of_every_form_may_be_anything(world, role, part):
    """In the short form as a lead, and as an admin those that a lead does not see: an odd value in every field, and
    every third left out."""
    crawler = Crawler(world.people[role])
    forms = walk(world, role).forms
    of_lead = {form_identity(form) for form in walk(world, "lead").forms}
    if role == "admin":
        names = {form_identity(form)[0] for form in forms} - {name for name, *_ in of_lead}
        assert names >= ADMINS_FORMS, ADMINS_FORMS - names
        forms = [form for form in forms if DEEP or form_identity(form) not in of_lead]
    place = 0
    for form in forms[part::PARTS] if DEEP and role == "lead" else forms:
        names = [name for name in form.fields if name != "csrfmiddlewaretoken"]
        odd = {name: values_for(role, form, place + number, of_lead) for number, name in enumerate(names)}
        untouched = send(crawler, form, {})
        for turn in range(max(map(len, odd.values()), default=0)):
            send_each(crawler, form, {name: [values[turn]] for name, values in odd.items()}, untouched)
        left_out = [name for number, name in enumerate(names) if DEEP or (place + number) % 3 == 0]
        send_each(crawler, form, {name: [] for name in left_out}, untouched)
        place += len(names)
    assert crawler.faults == []
    if role == "lead":
        assert place > (150 / PARTS if DEEP else 150)


def test_every_form_may_be_filled_in_with_anything_at_once(world):
    crawler = Crawler(world.people["lead"])
    forms = walk(world, "lead").forms

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None)
    @given(st.data())
    def fill_in(data: st.DataObject) -> None:
        form = data.draw(st.sampled_from(forms))
        names = names_of(form)
        chosen = data.draw(st.lists(st.sampled_from(names), max_size=5, unique=True)) if names else []
        send(crawler, form, {name: data.draw(st.lists(ANY_VALUE, max_size=3)) for name in chosen})
        assert crawler.faults == []

    fill_in()


@pytest.mark.long
def test_the_admin_takes_anything(world):
    crawler, walked = Crawler(world.people["admin"]), walk(world, "admin", admin=True)
    for place, form in enumerate(walked.forms):
        odd = {name: list(turning(place)) for name in form.fields}
        for turn in range(VALUES_EACH):
            send_each(crawler, form, {name: [values[turn]] for name, values in odd.items()})
    assert walked.faults + crawler.faults == []
