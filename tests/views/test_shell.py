import re

import pytest
from django.template import Context, Template
from django.urls import reverse

from trajectories.models import Import
from trajectories.templatetags.shell import BADGES, badge, percent, share_bar, tally


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (0, 0, "–"),
        (None, 3, "–"),
        (0, 7, "0%"),
        (1, 1000, "<1%"),
        (1, 3, "33%"),
        (999, 1000, "99%"),
        (7, 7, "100%"),
        (0.5, 1, "50%"),
    ],
)
def test_a_share_is_never_rounded_to_none_or_all(part, whole, shown):
    assert percent(part, whole) == shown


@pytest.mark.parametrize(("part", "whole", "width"), [(1, 4, "25.00%"), (1, 0, "0.00%"), (9, 4, "100.00%")])
def test_a_bar_stays_within_its_track(part, whole, width):
    assert f'width="{width}"' in share_bar(part, whole)


@pytest.mark.parametrize("state", BADGES)
def test_a_state_is_icon_and_word_never_colour_alone(state):
    html = badge(state)
    assert "<svg" in html
    assert BADGES[state][2] in html


def test_an_unknown_state_is_shown_as_text():
    assert "&lt;odd&gt;" in badge("<odd>")


def test_a_tally_says_its_word():
    assert '<span class="visually-hidden"> fail</span>' in tally("fail", 3)


def test_a_query_changes_only_what_is_named(rf):
    request = rf.get("/problems/?set=a&after=5&q=x y")
    html = Template("{% load shell %}{% query after=None set='b' page=2 %}").render(Context({"request": request}))
    assert html == "?set=b&amp;q=x+y&amp;page=2"


def test_links_of_a_page_that_a_refused_form_brought_back_are_those_of_the_page(rf):
    link = Template("{% load shell %}{% query after=5 %}")
    context = {"page_address": "/runs/3/"}
    assert link.render(Context({"request": rf.post("/runs/3/budget/"), **context})) == "/runs/3/?after=5"
    assert link.render(Context({"request": rf.get("/runs/3/"), **context})) == "?after=5"


@pytest.mark.parametrize(("name", "title"), [("home", "Home"), ("problem_list", "Problems")])
def test_the_current_page_is_marked(client, curator, name, title):
    client.force_login(curator)
    page = client.get(reverse(name)).content.decode()
    assert page.count('aria-current="page"') == 1
    assert f'aria-current="page">{title}</a>' in page


@pytest.mark.parametrize(("kind", "title"), [("traces", "Traces"), ("questions", "Problems")])
def test_an_import_belongs_to_the_area_of_what_it_brings(client, lead, kind, title):
    client.force_login(lead)
    job = Import.objects.create(kind=kind, source="a.json", state="finished")
    page = client.get(reverse("import_detail", args=[job.pk])).content.decode()
    assert re.findall(r'aria-current="true">([^<]+)</a>', page) == [title]


def test_administration_is_offered_to_staff_only(client, curator, admin_user):
    for user, offered in ((curator, False), (admin_user, True)):
        client.force_login(user)
        assert ("Administration" in client.get(reverse("home")).content.decode()) is offered
