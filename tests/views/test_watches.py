"""The page of an attempt while it is sampled: what is new is added, and nothing that is there is sent again."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_instruction, make_problem, make_sampler, make_trace, plan
from tests.pages import squeezed
from tests.queues import queue_of
from trajectories.adapters.chat_api import ChatSettings
from trajectories.core.curation.schemas import Blinding
from trajectories.models import Attempt, AttemptWatch, Run

FRAGMENT = {"HX-Request": "true"}
STEPS = [
    {"kind": "text", "title": "", "body": "I look <b>first</b>.", "depth": 0, "data": {}},
    {"kind": "tool_call", "title": "python", "body": "```python\nprint(1)\n```", "depth": 0, "data": {}},
]


def chat(**values):
    settings = ChatSettings(base_url="http://127.0.0.1:9/v1", model="none", **values)
    return make_sampler(kind="chat", title="A model", parameters=settings.as_parameters())


@pytest.fixture
def attempt(lead) -> Attempt:
    """One that a worker is at."""
    view = make_instruction(style="program", suits="chat")
    run = plan(actor=lead, sampler=chat(streaming=True), problems=[make_problem()], instructions=[view], samples_each=2)
    Run.objects.filter(pk=run.pk).update(state="running")
    attempt = run.attempts.order_by("pk").first()
    Attempt.objects.filter(pk=attempt.pk).update(state="leased", lease_token=uuid.uuid4())
    return Attempt.objects.get(pk=attempt.pk)


def tell(attempt, **values) -> None:
    """What a worker tells."""
    fields = {"take": 1, "steps": STEPS[:1], "calls": 2, "revision": 3, "text": "It tu", "thoughts": "Rows"}
    now = timezone.now()
    fields |= {"told_at": now, "asked_at": now - timedelta(seconds=70), **values}
    AttemptWatch.objects.update_or_create(
        attempt=attempt, defaults={"wanted_until": now, **fields}, create_defaults={"wanted_until": now, **fields}
    )


def look(client, attempt, **seen):
    """The page, or what is new for one that shows `seen`."""
    address = reverse("attempt_watch", args=[attempt.run_id, attempt.pk])
    return client.get(address, seen, headers=FRAGMENT if seen else {})


SEEN = {"take": 1, "steps": 1, "revision": 3, "thoughts": 4, "text": 5}


def test_the_page_shows_what_there_is_and_asks_on(client, curator, attempt):
    client.force_login(curator)
    assert "It waits for its turn at the model" in squeezed(look(client, attempt))
    tell(attempt)
    text = squeezed(look(client, attempt))
    assert "Call 2, under way for 1 min 10 s" in text
    assert '<span id="watch-text">It tu</span>' in text
    assert '<span id="watch-thoughts">Rows</span>' in text
    assert "&lt;b&gt;first&lt;/b&gt;" in text
    assert "take=1&amp;steps=1&amp;revision=3&amp;thoughts=4&amp;text=5" in text
    assert AttemptWatch.objects.get().wanted_until > timezone.now()


@pytest.mark.parametrize(
    ("change", "has", "has_not"),
    [
        ({}, [], ["watch-steps", "watch-text", "watch-thoughts", "watch-growing"]),
        (
            {"text": "It turns <i>"},
            ['id="watch-text" hx-swap-oob="beforeend">rns &lt;i&gt;</span>'],
            ["watch-steps", "Rows"],
        ),
        ({"steps": STEPS}, ['id="watch-steps" hx-swap-oob="beforeend"', 'id="step-1"'], ['id="step-0"', "watch-text"]),
        ({"revision": 4, "text": "Then"}, ['<span id="watch-text">Then</span>', "watch-growing"], ["watch-steps"]),
        ({"take": 2}, ['id="watch-steps" class="step-group" hx-swap-oob="true"', 'id="step-0"'], []),
    ],
    ids=["nothing", "words", "steps", "another-call", "another-worker"],
)
def test_only_what_is_new_comes(client, curator, attempt, change, has, has_not):
    client.force_login(curator)
    tell(attempt, **change)
    text = squeezed(look(client, attempt, **SEEN))
    assert [words for words in has if words not in text] == []
    assert [words for words in has_not if words in text] == []


def test_an_attempt_that_has_ended_says_so_and_is_asked_about_no_more(client, curator, attempt):
    client.force_login(curator)
    tell(attempt)
    cases = [
        ("pending", {}, "Nobody is at it yet", True),
        ("pending", {"error_message": "Too busy."}, "Before: Too busy.", True),
        ("failed", {"error_kind": "timeout", "error_message": "Too <late>."}, "time ran out: Too &lt;late&gt;.", False),
        ("cancelled", {}, "cancelled before a sample came", False),
    ]
    for state, values, words, asks_on in cases:
        Attempt.objects.filter(pk=attempt.pk).update(state=state, lease_token=None, **values)
        for response in (look(client, attempt), look(client, attempt, **SEEN)):
            text = squeezed(response)
            assert words in text, state
            assert ("every 1s" in text) is asks_on, state


def test_a_complete_sample_is_led_to_and_is_what_the_address_shows_then(client, curator, attempt):
    client.force_login(curator)
    tell(attempt)
    trace = make_trace(problem=attempt.problem, run=attempt.run, attempt=attempt)
    Attempt.objects.filter(pk=attempt.pk).update(state="done")
    text = squeezed(look(client, attempt, **SEEN))
    assert f'href="{reverse("trace_detail", args=[trace.pk])}"' in text
    assert "every 1s" not in text
    assert look(client, attempt).url == reverse("trace_detail", args=[trace.pk])


def test_where_a_queue_hides_whose_a_trace_is_no_way_leads_to_it(client, curator, lead, attempt):
    trace = make_trace(problem=attempt.problem, run=attempt.run, attempt=attempt)
    Attempt.objects.filter(pk=attempt.pk).update(state="done")
    queue_of(lead, [trace], blinding=Blinding(sampler=True))
    client.force_login(curator)
    for response in (look(client, attempt), look(client, attempt, **SEEN)):
        assert response.status_code == 200
        assert "A queue hides whose it is" in squeezed(response)
        assert reverse("trace_detail", args=[trace.pk]) not in squeezed(response)
    client.force_login(lead)
    assert look(client, attempt).url == reverse("trace_detail", args=[trace.pk])


def test_what_tells_nothing_says_why(client, curator, attempt):
    client.force_login(curator)
    tell(attempt, text="", thoughts="")
    attempt.run.sampler.parameters["streaming"] = False
    attempt.run.sampler.save()
    assert "this sampler does not stream" in squeezed(look(client, attempt))
    tell(attempt, text="", thoughts="", asked_at=None)
    assert "What call 2 asked for is being run" in squeezed(look(client, attempt))
    Run.objects.filter(pk=attempt.run_id).update(sampler=make_sampler())
    assert "This sampler shows a sample once it is complete." in squeezed(look(client, attempt))


def test_the_run_leads_to_what_is_under_way(client, curator, attempt):
    client.force_login(curator)
    address = reverse("attempt_watch", args=[attempt.run_id, attempt.pk])
    run = reverse("run_detail", args=[attempt.run_id])
    for response in (client.get(run), client.get(run, {"part": "live"}, headers=FRAGMENT)):
        assert f'href="{address}"' in squeezed(response)
    listed = client.get(reverse("attempt_list", args=[attempt.run_id]), {"state": "leased"})
    assert squeezed(listed).count('class="row-target') == 1
    assert f'href="{address}"' in squeezed(listed)
    Attempt.objects.update(state="pending")
    assert "No call is in flight" in squeezed(client.get(run))
    Run.objects.update(state="finished")
    assert "Under way" not in squeezed(client.get(run))


def test_it_is_of_this_run_and_for_who_may_see_runs(client, curator, nobody, attempt):
    client.force_login(curator)
    assert client.get(reverse("attempt_watch", args=[attempt.run_id + 1, attempt.pk])).status_code == 404
    assert client.post(reverse("attempt_watch", args=[attempt.run_id, attempt.pk])).status_code == 405
    client.force_login(nobody)
    assert look(client, attempt).status_code == 403
