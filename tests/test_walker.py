"""Who walks pages for tests leaves no page out, and changes no text but what differs from one request to the next."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.urls import path, reverse

from tests.plain_client import PlainClient
from tests.reads import EVERYTHING, changed, fingerprint
from tests.walker import BLOCKS, VARYING, Answer, Visit, Walker, settled
from trajectories.models import Tag, Trace
from trajectories.views.fragments import wants_fragment


def plain(request):
    return HttpResponse("plain")


def by_header(request):
    return HttpResponse("part" if wants_fragment(request) else "whole")


def by_environment(request):
    return HttpResponse("part" if request.META.get("HTTP_HX_REQUEST") else "whole")


def by_details(request):
    return HttpResponse("part" if request.htmx else "whole")


def of_traces(request):
    return HttpResponse(str(Trace.objects.count()))


def of_raw_rows(request):
    with connection.connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM trajectories_run")
        with cursor.copy("COPY (SELECT id FROM trajectories_problem) TO STDOUT") as copy:
            return HttpResponse(b"".join(copy))


def writing(request):
    Tag.objects.create(name="new")
    return HttpResponse("written")


def of_the_cache(request):
    return HttpResponse(cache.get("kept"))


VIEWS = (plain, by_header, by_environment, by_details, of_traces, of_raw_rows, writing, of_the_cache)
urlpatterns = [path(f"{view.__name__}/", view) for view in VIEWS]


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


@pytest.mark.parametrize(
    ("view", "tables"),
    [
        ("plain", set()),
        ("of_traces", {"trajectories_trace"}),
        ("of_raw_rows", {"trajectories_run", "trajectories_problem"}),
        ("writing", {EVERYTHING}),
        ("of_the_cache", {EVERYTHING}),
    ],
)
@pytest.mark.urls("tests.test_walker")
def test_an_answer_tells_what_it_was_made_of(lead, view, tables):
    cache.set("kept", "found before")
    answer = Walker(lead).answer(Visit(view, f"/{view}/"))
    assert {name for name in answer.read if name.startswith(("trajectories_", EVERYTHING))} == tables


def test_worlds_differ_in_the_tables_that_hold_other_rows(lead):
    before = fingerprint()
    assert changed(before, fingerprint()) == {EVERYTHING}
    Tag.objects.create(name="new")
    assert changed(before, fingerprint()) == {EVERYTHING, "trajectories_tag"}


@pytest.mark.urls("tests.test_walker")
def test_what_is_known_is_not_asked_for_again(lead):
    visits = [Visit("plain", "/plain/"), Visit("by_header", "/by_header/")]
    known = {"GET /plain/": Answer(200, "", "known"), "htmx GET /by_header/": Answer(200, "", "a known part")}
    found = {asked: answer.text for asked, _, answer in Walker(lead).walk(visits, known=known)}
    assert found.pop("htmx GET /plain/") in ("plain", "known")
    assert found == {"GET /plain/": "known", "GET /by_header/": "whole", "htmx GET /by_header/": "a known part"}


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
