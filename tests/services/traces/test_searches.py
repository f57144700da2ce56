"""The words of traces: written with every trace, and by a worker for those from before."""

import pytest
from django.db import connection

from tests.factories import make_trace
from trajectories.core.selections import Selection
from trajectories.core.text.searches import PROGRAM_CHARACTERS, TEXT_CHARACTERS
from trajectories.models import SearchBacklog, Trace, TraceSearch
from trajectories.selectors.blinding import EVERYTHING
from trajectories.selectors.trace_filters import traces_in
from trajectories.selectors.trace_searches import unsearchable_up_to
from trajectories.services.traces import searches
from trajectories.services.traces.searches import read_batch, read_for

pytestmark = pytest.mark.django_db


def found(words: str) -> set[Trace]:
    return set(traces_in(Selection(text=words), EVERYTHING))


def test_a_trace_is_found_as_soon_as_it_is_stored():
    trace = make_trace(reasoning="mirror", program="def solve(): pass")
    assert found("mirrors") == found("solve") == {trace}
    assert unsearchable_up_to() is None


def test_traces_from_before_are_read_newest_first_by_a_worker(monkeypatch):
    old = [make_trace(reasoning=f"mirror {number}") for number in range(5)]
    TraceSearch.objects.all().delete()
    SearchBacklog.objects.create(newest=old[-1].pk)
    new = make_trace(reasoning="mirror new")
    monkeypatch.setattr(searches, "BATCH", 2)
    assert read_batch() == 2
    assert found("mirror") == {new, *old[3:]}
    assert unsearchable_up_to() == old[2].pk
    assert read_for(60) == 3
    assert found("mirror") == {new, *old}
    assert unsearchable_up_to() is None
    assert read_batch() == 0


def test_the_list_says_what_cannot_be_found_yet(client, curator):
    make_trace()
    SearchBacklog.objects.create(newest=4711)
    client.force_login(curator)
    assert "Traces up to number 4711" in client.get("/traces/?text=mirror").content.decode()
    assert "Traces up to number" not in client.get("/traces/").content.decode()


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
