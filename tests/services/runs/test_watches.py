"""What comes of a sample is told while it is drawn, to who looks at it and to nobody else."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from tests.endpoint import flip_endpoint, sampler_for
from tests.factories import FLIP_PROGRAM, make_instruction, make_problem, plan
from tests.worker import wait_for
from trajectories.adapters.chat_api.calls.glimpses import Glimpse
from trajectories.core.records import Step, StepKind
from trajectories.models import Attempt, AttemptWatch, Trace
from trajectories.services.runs.chat_sampling import sample_session
from trajectories.services.runs.watches import FORGOTTEN, Teller, watch_attempt
from trajectories.stand_ins.fake_endpoint import Answer, Behaviour, FakeEndpoint, canned, tool_call

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = "Every row is read from its other end. " * 60


def plan_one(endpoint, **options) -> Attempt:
    values = options.pop("values", {})
    view = make_instruction(style="program", suits="chat")
    sampler = sampler_for(endpoint, **values)
    run = plan(sampler=sampler, problems=[make_problem()], instructions=[view], samples_each=1, **options)
    return run.attempts.get()


def drawn(attempt) -> ThreadPoolExecutor:
    """Draw the run's samples in a thread of its own; leaving the pool waits for it."""

    def work():
        try:
            sample_session(run_id=attempt.run_id, on_traces=lambda _: None)
        finally:
            connection.close()

    pool = ThreadPoolExecutor(1)
    pool.submit(work)
    return pool


def told(attempt, condition):
    """What is told of an attempt as soon as it fulfils a condition, by somebody who keeps looking."""

    def look():
        watch = watch_attempt(attempt=attempt)
        return watch if condition(watch) else None

    return wait_for(look, "what was told")


def test_words_are_told_as_they_are_streamed():
    answerer = canned(WORDS)
    thinking = lambda prompt, asked: replace(answerer(prompt, asked), reasoning="Rows? Rows.")  # noqa: E731
    with FakeEndpoint(Behaviour(pace=0.3), thinking) as endpoint:
        attempt = plan_one(endpoint, values={"streaming": True, "max_output_tokens": 4_000})
        watch_attempt(attempt=attempt)
        with drawn(attempt):
            first = told(attempt, lambda watch: watch.text)
            assert (first.thoughts, first.calls, first.steps) == ("Rows? Rows.", 1, [])
            assert WORDS.startswith(first.text)
            assert first.text != WORDS.strip()
            assert first.asked_at < timezone.now()
            more = told(attempt, lambda watch: len(watch.text) > len(first.text))
            assert (more.text[: len(first.text)], more.revision) == (first.text, first.revision)
            assert Trace.objects.count() == 0
            endpoint.behaviour = Behaviour()
    assert Trace.objects.get().reasoning.body.startswith(f"Rows? Rows.\n\n{more.text}")


class Waiting:
    """A model that runs a program, and answers once it is let."""

    def __init__(self):
        self.may_end = threading.Event()

    def converse(self, messages, tools, asked_before):
        if any(message.get("role") == "tool" for message in messages):
            assert self.may_end.wait(60)
            return Answer(f"```python\n{FLIP_PROGRAM}```")
        return Answer("I try it first.", tool_calls=[tool_call("print(6 * 7)")])


def test_the_steps_of_an_agent_are_told_as_each_call_ends():
    with FakeEndpoint(answerer=Waiting()) as endpoint:
        answerer = endpoint._answerer
        attempt = plan_one(endpoint, strategy="agent")
        watch_attempt(attempt=attempt)
        with drawn(attempt):
            try:
                watch = told(attempt, lambda watch: watch.calls == 2 and len(watch.steps) == 3)
            finally:
                answerer.may_end.set()
    trace = Trace.objects.get()
    assert [step["kind"] for step in watch.steps] == ["text", "tool_call", "tool_result"]
    assert "42" in watch.steps[2]["body"]
    assert trace.steps[:3] == watch.steps


def test_nothing_is_told_of_what_nobody_looks_at():
    with flip_endpoint() as endpoint:
        attempt = plan_one(endpoint, values={"streaming": True})
        sample_session(run_id=attempt.run_id, on_traces=lambda _: None)
    assert Trace.objects.count() == 1
    assert AttemptWatch.objects.count() == 0


@pytest.fixture
def leased():
    """An attempt that a session is at, looked at; and the session's token."""
    attempt, token = plan_one(FakeEndpoint()), uuid.uuid4()
    attempt.state, attempt.lease_token = Attempt.State.LEASED, token
    attempt.save()
    watch_attempt(attempt=attempt)
    return attempt, token


def glimpse(text="", *, calls=1, steps=(), thoughts="", seconds=2.0) -> Glimpse:
    return Glimpse(steps, calls, seconds, thoughts, text)


def tell(teller, attempt, shown) -> AttemptWatch:
    teller._next, teller._glimpse = 0.0, lambda payer: shown if payer == f"attempt {attempt.pk}" else None
    teller.tell([attempt.pk])
    return AttemptWatch.objects.get(attempt=attempt)


def test_what_goes_on_keeps_its_revision_and_what_does_not_gets_another(leased):
    attempt, token = leased
    teller, step = Teller(token, lambda _: None), Step(StepKind.TEXT, "", "Said.")
    revisions = [
        tell(teller, attempt, shown).revision
        for shown in (
            glimpse("It"),
            glimpse("It turns"),
            glimpse("It turns", thoughts="Rows"),
            glimpse("", calls=1, seconds=None, steps=(step,)),
            glimpse("", calls=2, steps=(step,)),
            glimpse("Then", calls=2, steps=(step,)),
            glimpse("Then\0 more", calls=2, steps=(step,)),
        )
    ]
    first = revisions[0]
    assert [revision - first for revision in revisions] == [0, 0, 0, 1, 2, 2, 2]
    watch = AttemptWatch.objects.get()
    assert (watch.take, watch.calls, [step["body"] for step in watch.steps]) == (1, 2, ["Said."])
    assert watch.text.startswith("Then")
    assert "\0" not in watch.text


def test_another_worker_begins_anew_and_one_without_the_lease_tells_nothing(leased):
    attempt, token = leased
    first = tell(Teller(token, lambda _: None), attempt, glimpse("It turns", steps=(Step(StepKind.TEXT, "", "a"),)))
    again = tell(Teller(token, lambda _: None), attempt, glimpse("It"))
    assert (again.take, again.steps, again.text) == (first.take + 1, [], "It")
    assert again.revision > first.revision
    lost = tell(Teller(uuid.uuid4(), lambda _: None), attempt, glimpse("Never"))
    assert lost.text == "It"


def test_who_stops_looking_is_told_nothing_more_and_is_forgotten(leased):
    attempt, token = leased
    AttemptWatch.objects.update(wanted_until=timezone.now() - timedelta(seconds=1))
    assert tell(Teller(token, lambda _: None), attempt, glimpse("It")).told_at is None
    AttemptWatch.objects.update(wanted_until=timezone.now() - 2 * FORGOTTEN)
    other = plan_one(FakeEndpoint())
    watch_attempt(attempt=other)
    assert list(AttemptWatch.objects.values_list("attempt", flat=True)) == [other.pk]
