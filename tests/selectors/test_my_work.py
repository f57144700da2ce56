"""What a curator's start page says of their own work."""

import uuid
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from tests.queues import decide, item_of, make_traces, queue_of
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.selectors.my_work import Agreed, agreed_in, get_my_work, last_queue
from trajectories.services.curation.assignments import lease_next
from trajectories.services.curation.queues import steer_queue
from trajectories.services.curation.reviews import submit_review, undo_last_review
from trajectories.services.curation.voids import void_reviews

ACCEPT = ReviewDraft(Decision.ACCEPT, seconds=4.0)
REJECT = ReviewDraft(Decision.REJECT, reason="lucky", seconds=10.0)
THURSDAY = timezone.datetime(2026, 11, 26, 12, tzinfo=timezone.get_default_timezone())


@pytest.fixture
def traces(db):
    return make_traces(4)


def say(person, trace, draft=ACCEPT, days_ago=0):
    with patch("django.utils.timezone.now", return_value=THURSDAY - timedelta(days=days_ago)):
        return submit_review(reviewer=person, trace=trace, draft=draft, key=uuid.uuid4())


def work_of(person):
    with patch("django.utils.timezone.now", return_value=THURSDAY):
        return get_my_work(person)


def test_today_and_this_week_count_what_stands(traces, curator, lead):
    say(curator, traces[0])
    say(curator, traces[1], REJECT)
    say(curator, traces[2], days_ago=2)
    say(curator, traces[3], days_ago=4)
    say(lead, traces[0])
    mine = work_of(curator)
    assert (mine.today, mine.accepted_today, mine.week, mine.seconds, mine.is_more) == (2, 1, 3, 7.0, False)
    undo_last_review(reviewer=curator, key=uuid.uuid4(), trace=traces[1])
    assert (work_of(curator).today, work_of(curator).week) == (1, 2)
    since = THURSDAY - timedelta(days=3)
    void_reviews(actor=lead, reviewer=curator, since=since, reason="", key=uuid.uuid4())
    assert (work_of(curator).today, work_of(curator).week) == (0, 0)


def test_the_agreement_in_a_queue_counts_what_was_decided_there_only(traces, curator, lead):
    queue = queue_of(lead, traces, reviews_each=2)
    say(curator, traces[3])
    say(lead, traces[3], REJECT)
    assert agreed_in(queue, curator) is None
    for trace, theirs in zip(traces[:3], (ACCEPT, ACCEPT, REJECT), strict=True):
        decide(curator, item_of(queue, trace))
        say(lead, trace, theirs)
    assert agreed_in(queue, curator) is None, "what was worked out is kept for some minutes"
    cache.clear()
    assert agreed_in(queue, curator) == Agreed(2, 3)


def test_agreement_says_on_how_much_it_rests_and_is_undefined_where_it_is(traces, curator, lead, engineer):
    assert (work_of(curator).percent.value, work_of(curator).percent.n) == (None, 0)
    for trace in traces[:2]:
        say(curator, trace)
        say(lead, trace)
    mine = work_of(curator)
    assert (mine.percent.value, mine.percent.n) == (1.0, 2)
    # All gave everything one decision: nothing can be said beyond chance.
    assert mine.ac1.value is None
    assert mine.ac1.why
    say(curator, traces[2], REJECT)
    say(lead, traces[2])
    say(engineer, traces[2], REJECT)
    mine = work_of(curator)
    assert (mine.percent.value, mine.percent.n) == (0.75, 4)
    assert mine.ac1.value is not None


def test_answers_to_gold_items_count_along_so_that_they_cannot_be_told(traces, curator, lead):
    for trace in traces[:2]:
        submit_review(reviewer=lead, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    queue = queue_of(lead, traces, gold_count=1, training_count=1)
    first = lease_next(reviewer=curator, queue=queue)
    assert first.is_gold
    decide(curator, first.item)
    decide(curator, lease_next(reviewer=curator, queue=queue).item)
    assert (get_my_work(curator).today, get_my_work(curator).accepted_today) == (2, 2)


def test_the_start_page_leads_on_to_the_queue_one_was_in_last(client, traces, curator, lead, engineer):
    first, second = queue_of(lead, traces, title="First"), queue_of(lead, traces, title="Second")
    client.force_login(curator)
    page = client.get(reverse("home")).content.decode()
    assert "Go on with" in page
    lease_next(reviewer=curator, queue=first)
    assert last_queue(curator) == first.pk
    decide(curator, item_of(first, traces[0]))
    page = client.get(reverse("home")).content.decode()
    assert f'id="go-on" href="{reverse("queue_next", args=[first.pk])}"' in page
    assert "<strong>1</strong> decided" in page
    assert "Others agree" not in page, "nobody else has decided on a trace of theirs"
    steer_queue(actor=lead, queue=first, verb="pause")
    page = client.get(reverse("home")).content.decode()
    assert f'id="go-on" href="{reverse("queue_next", args=[second.pk])}"' in page
    client.force_login(engineer)
    assert "My reviewing" not in client.get(reverse("home")).content.decode()
