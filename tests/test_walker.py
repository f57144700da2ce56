"""Who walks pages for tests leaves no page out, and changes no text but what differs from one request to the next."""

import pytest
from django.http import HttpResponse
from django.urls import path, reverse

from tests.plain_client import PlainClient
from tests.walker import BLOCKS, VARYING, Visit, Walker, settled
from trajectories.views.fragments import wants_fragment


def plain(request):
    return HttpResponse("plain")


def by_header(request):
    return HttpResponse("part" if wants_fragment(request) else "whole")


def by_environment(request):
    return HttpResponse("part" if request.META.get("HTTP_HX_REQUEST") else "whole")


def by_details(request):
    return HttpResponse("part" if request.htmx else "whole")


urlpatterns = [path(f"{view.__name__}/", view) for view in (plain, by_header, by_environment, by_details)]


@pytest.mark.parametrize("view", ["by_header", "by_environment", "by_details"])
@pytest.mark.urls("tests.test_walker")
def test_a_page_that_looks_for_htmx_is_asked_for_in_part_too(lead, view):
    found = [(asked, answer.text) for asked, _, answer in Walker(lead).walk([Visit(view, f"/{view}/")])]
    assert found == [(f"GET /{view}/", "whole"), (f"htmx GET /{view}/", "part")]


@pytest.mark.urls("tests.test_walker")
def test_one_that_does_not_is_the_same_for_htmx(lead):
    (_, _, whole), (asked, _, part) = Walker(lead).walk([Visit("plain", "/plain/", {"a": "b"})])
    assert part is whole
    assert asked == 'htmx POST /plain/ {"a": "b"}'
    ((_, _, alone),) = Walker(lead).walk([Visit("plain", "/plain/", in_part=True)])
    assert alone.text == "plain"


def test_what_differs_is_taken_from_lines_as_from_the_whole(as_lead, lead):
    text = as_lead.get(reverse("job_list")).content.decode()
    expected = text
    for pattern, word in (*BLOCKS, *VARYING):
        expected = pattern.sub(word, expected)
    assert settled(text) == expected != text


def test_a_page_is_the_same_without_copies_of_its_contexts(client, lead):
    client.force_login(lead)
    plain_client = PlainClient()
    plain_client.force_login(lead)
    copied, kept = client.get(reverse("run_list")), plain_client.get(reverse("run_list"))
    assert settled(copied.content.decode()) == settled(kept.content.decode())
    assert copied.context is not None
    assert kept.context is None
