"""Links: nobody is offered what they are refused, and the current area is marked on every page."""

import re
from urllib.parse import parse_qs, urljoin

import pytest
from django.contrib.auth.models import User
from django.urls import resolve, reverse

from tests.visits import visits
from tests.walker import Answer, Visit, Walker
from tests.world import World, make_world
from trajectories.templatetags.shell import AREAS
from trajectories.urls import urlpatterns

LINK = re.compile(r'(?:href|hx-get)="(/[^"#]*|\?[^"#]*)')
GET_FORM = re.compile(r'<form[^>]*method="get"[^>]*action="(/[^"]*)"')
POST_FORM = re.compile(r'(?:<form[^>]*method="post"[^>]*\baction|hx-post)="(/[^"?#]*)')
NAVIGATION = re.compile(r'<nav class="nav".*?</nav>', re.DOTALL)
OUTSIDE = {"", "health", "healthz", "readyz", "metrics", "login", "logout", "preferences"}


@pytest.fixture(autouse=True)
def _export_dir(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path


@pytest.fixture
def world(lead) -> World:
    return make_world(lead)


def _one_of_a_kind(pages: dict[str, str]) -> list[tuple[str, str]]:
    """Of all links to one view with the same parameters, one: a hundred families are one page as far as it matters."""
    kinds: dict[tuple[str, str], tuple[str, str]] = {}
    for link, page in pages.items():
        path, _, query = link.partition("?")
        kinds.setdefault((resolve(path).url_name, str(sorted(parse_qs(query)))), (link, page))
    return list(kinds.values())


def plain_pages(world: World) -> list[Visit]:
    """Every address once, without filters."""
    return [visit for visit in visits(world) if visit.data is None and "?" not in visit.address]


_seen: dict[str, list[tuple[Visit, Answer]]] = {}


def seen_by(person: User, world: World) -> list[tuple[Visit, Answer]]:
    """What somebody is shown at every address; looked at once for all tests."""
    if person.username not in _seen:
        walker = Walker(person)
        _seen[person.username] = [(visit, walker.answer(visit)) for visit in plain_pages(world)]
    return _seen[person.username]


@pytest.mark.parametrize("role", ["curator", "engineer", "lead", "nobody"])
def test_nobody_is_offered_a_link_or_a_form_that_is_refused(request, world, role):
    person = request.getfixturevalue(role)
    walker, links, forms = Walker(person), {}, {}
    seen = seen_by(person, world)
    for visit, answer in seen:
        if answer.status != 200:
            continue
        for link in LINK.findall(answer.text) + GET_FORM.findall(answer.text):
            links.setdefault(urljoin(visit.address, link.replace("&amp;", "&")), visit.address)
        for form in POST_FORM.findall(answer.text):
            forms.setdefault(form, visit.address)
    pages = {link: page for link, page in links.items() if not link.startswith(("/static/", "/admin/"))}
    assert len(pages) > (0 if role == "nobody" else 50)
    statuses = {visit.address: answer.status for visit, answer in seen}
    for link, page in _one_of_a_kind(pages):
        found = statuses.get(link) or walker.answer(Visit("", link)).status
        assert found != 403, f"{page} offers {link}"
        assert found < 500, link
    for form, page in forms.items():
        assert walker.answer(Visit("", form, {})).status != 403, f"{page} offers a form to {form}"


def test_the_current_area_is_marked_on_every_page(world, lead):
    seen = set()
    for visit, answer in seen_by(lead, world):
        shell = NAVIGATION.search(answer.text)
        if shell is None or answer.status == 404:
            continue
        assert shell[0].count("aria-current") == 1, visit.address
        seen.add(visit.name)
    assert len(seen) > 40


def test_every_address_belongs_to_an_area():
    parts = {part for _, parts in AREAS.values() for part in parts}
    firsts = {str(pattern.pattern).partition("/")[0] for pattern in urlpatterns}
    assert firsts - OUTSIDE <= parts


def test_people_see_the_areas_of_their_role(client, curator, engineer, nobody):
    for person, shown in ((curator, False), (engineer, True)):
        client.force_login(person)
        shell = NAVIGATION.search(client.get(reverse("home")).content.decode())[0]
        assert (f'href="{reverse("release_list")}"' in shell) is shown
    client.force_login(nobody)
    shell = NAVIGATION.search(client.get(reverse("home")).content.decode())[0]
    assert re.findall(r">(\w+)</a>", shell) == ["Home"]
