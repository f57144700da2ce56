"""The words of traces: written with a few, and by a worker for those that come many at a time."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from tests.factories import make_review, make_text, make_trace
from trajectories.core.releases.rules import Rule, Source
from trajectories.core.selections import Selection
from trajectories.core.text.searches import PROGRAM_CHARACTERS, TEXT_CHARACTERS
from trajectories.models import Bell, SearchBacklog, Trace, TraceSearch
from trajectories.selectors.blinding import EVERYTHING
from trajectories.selectors.trace_filters import traces_in
from trajectories.selectors.trace_searches import count_unsearchable
from trajectories.services.jobs.bells import answer, put_away
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.services.traces import searches
from trajectories.services.traces.searches import read_all, read_batch, read_for, words_bells

pytestmark = pytest.mark.django_db


def found(words: str) -> set[Trace]:
    return set(traces_in(Selection(text=words), EVERYTHING))


def test_a_trace_is_found_as_soon_as_it_is_stored():
    trace = make_trace(reasoning="mirror", program="def solve(): pass")
    assert found("mirrors") == found("solve") == {trace}
    assert not SearchBacklog.objects.exists()


def many(count=51, **values):
    """Traces that were stored by one statement, as imports store them."""
    first = make_trace(reasoning="first of many", run=None, **values)
    names = [field.attname for field in Trace._meta.concrete_fields if field.attname not in ("id", "content_hash")]
    fields = {name: getattr(first, name) for name in names} | {"reasoning_id": make_text("mirror of many").pk}
    return Trace.objects.bulk_create(Trace(**fields, content_hash=f"{number:064x}") for number in range(count))


def waiting():
    return count_unsearchable(Selection(text="mirror"))


def test_fifty_traces_of_one_statement_are_found_at_once():
    traces = many(50)
    assert found("mirror") == set(traces)
    assert not SearchBacklog.objects.exists()


def test_of_more_a_worker_reads_the_words_newest_first(monkeypatch):
    traces = many(51)
    new = make_trace(reasoning="mirror new")
    assert found("mirror") == {new}, "what comes a few at a time waits for none of them"
    assert waiting() == count_unsearchable(Selection(tool="python")) == 51
    assert count_unsearchable(Selection()) == 0, "nobody asked what texts say"
    monkeypatch.setattr(searches, "BATCH", 20)
    assert read_batch()
    assert found("mirror") == {new, *traces[31:]}
    assert waiting() == 31
    read_all()
    assert found("mirror") == {new, *traces}
    assert waiting() == 0
    assert not read_batch()


def test_traces_that_came_in_between_and_those_that_went_are_no_matter(monkeypatch):
    traces = many(60)
    (row,) = SearchBacklog.objects.all()
    between = traces[30]
    TraceSearch.objects.create(trace=between, words="mirror", tools=["python"])
    Trace.objects.filter(pk__in=[trace.pk for trace in traces[40:50]]).delete()
    monkeypatch.setattr(searches, "BATCH", 49)
    read_batch()
    assert SearchBacklog.objects.get().count == 60 - 49, "what was deleted is not asked about"
    read_all()
    assert found("mirror") == {*traces[:40], *traces[50:]}
    assert TraceSearch.objects.get(trace=between).tools == ["python"], "words that are there are not read again"
    assert not SearchBacklog.objects.filter(pk=row.pk).exists()


def test_a_bell_reads_for_its_time_rings_on_and_is_put_away(monkeypatch):
    many(60)
    monkeypatch.setattr(searches, "BATCH", 25)
    (ticket,) = words_bells()
    assert words_bells() == [], "one message is out, however much waits"
    (again,) = read_for(ticket, seconds=0.0)
    assert waiting() == 35
    assert read_for(ticket, seconds=60.0) == [], "an old copy of the message does nothing"
    assert waiting() == 35
    assert read_for(again, seconds=60.0) == []
    assert (waiting(), Bell.objects.count()) == (0, 0)
    assert words_bells() == []


def test_what_a_killed_reader_left_is_rung_for_again(settings):
    many(60)
    (ticket,) = words_bells()
    assert answer(ticket)  # and it is killed
    settings.BELL_SECONDS = 0
    assert words_bells() == [], "it may be at it still"
    Bell.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert words_bells() == [ticket]
    assert read_for(ticket) == []
    assert waiting() == 0


def test_what_comes_while_a_bell_is_put_away_is_rung_for(monkeypatch):
    many(60)
    (ticket,) = words_bells()
    monkeypatch.setattr(searches, "put_away", lambda given: (put_away(given), many(51)))
    (again,) = read_for(ticket)
    assert again.token != ticket.token
    assert waiting() == 51


SEARCHING = (
    *("/traces/", "/traces/actions/", "/reverifications/new/", "/judging/new/", "/segmentations/new/"),
    "/queues/new/",
)


def test_every_page_that_searches_says_how_many_cannot_be_found_yet(client, lead):
    many(51)
    client.force_login(lead)
    told = "51 traces that came lately are still being read for their words"
    for address in (
        "/traces/",
        "/traces/actions/",
        "/reverifications/new/",
        "/judging/new/",
        "/segmentations/new/",
        "/queues/new/",
    ):
        for words in ("text=mirror", "tool=python", "tool=*"):
            page = client.get(f"{address}?{words}")
            assert page.status_code == 200, address
            assert told in " ".join(page.content.decode().split()), (address, words)
        assert "still being read" not in client.get(f"{address}?decision=accepted").content.decode()


def test_a_release_takes_no_trace_less_because_it_was_not_read_yet(lead, curator):
    traces = many(51, decision="accepted")
    for each in traces:
        make_review(trace=each, reviewer=curator)
    rule = Rule(source=Source(filter={"text": "mirror"}))
    release = freeze_accepted(actor=lead, title="Mirrors", rule=rule, key=uuid.uuid4())
    assert release.item_count == 51
    assert waiting() == 0


HOSTILE = {
    "tokens of one letter": " ".join(chr(0x4E00 + number % 20_000) for number in range(TEXT_CHARACTERS)),
    "wide letters": " ".join(chr(0x10400 + number % 40) * 3 + str(number) for number in range(40_000)),
    "letters that grow": "Ⱥ" * TEXT_CHARACTERS,
    "growing words": " ".join(f"Ⱥ{number}Ⱥ" for number in range(50_000)),
    "one word": "x" * 5_000_000,
    "brackets": "[" * 100_000,
    "addresses": "https://example.org/a/b?c=d " * 20_000,
    "markup": "<b " * 100_000,
    "hyphens": "-".join(str(number) for number in range(60_000)),
    "numbers": " ".join(str(number) for number in range(60_000)),
    "nothing": "",
    "direction": "\u202egnorw\u202c",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_any_text_can_be_stored(name):
    body = HOSTILE[name]
    trace = make_trace(reasoning=body, program=body + " ")
    assert TraceSearch.objects.filter(trace=trace).exists()


def test_what_can_be_found_of_a_long_text_is_its_beginning():
    inside = "a " * (TEXT_CHARACTERS // 2 - 10) + " mirror "
    trace = make_trace(reasoning=inside + "b " * 1_000 + "lemma", program="c" * PROGRAM_CHARACTERS + " proof")
    assert found("mirror") == {trace}
    assert found("lemma") == found("proof") == set()


def test_a_list_of_steps_that_is_none_has_no_tools():
    with connection.cursor() as cursor:
        for steps in ("[]", "{}", "null", '["x", {"kind": "tool_call"}]', '[{"kind": "tool_call", "title": 3}]'):
            cursor.execute("SELECT trajectories_tools(%s::jsonb)", [steps])
            assert cursor.fetchone()[0] in ([], ["3"])


def test_whatever_stands_between_words_parts_them():
    between = "./\\_-+*=<>()[]{}|:;,!?@#$%^&~`\"'"
    with connection.cursor() as cursor:
        for sign in (*between, *(f"{sign}{sign} " for sign in between), "][", "-]^\\"):
            cursor.execute("SELECT trajectories_words(%s, '')::text", [f"left{sign}right 7{sign}8 a{sign}"])
            assert cursor.fetchone() == ("'7':3 '8':4 'left':1 'right':2",), sign
