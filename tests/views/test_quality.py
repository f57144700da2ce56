"""The quality page, one reviewer's page, and voiding from it."""

import uuid

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests import factories
from tests.queues import decide, make_traces, queue_of
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.models import Assignment, QueueItem, ReviewVoid
from trajectories.services.curation.assignments import lease_next
from trajectories.services.curation.reviews import submit_review


@pytest.fixture(autouse=True)
def _nothing_is_kept_from_other_tests():
    cache.clear()


def review(person, trace, accept=True):
    draft = ReviewDraft(Decision.ACCEPT, seconds=12) if accept else ReviewDraft(Decision.REJECT, reason="lucky")
    submit_review(reviewer=person, trace=trace, draft=draft, key=uuid.uuid4())


@pytest.fixture
def decided(curator, engineer):
    traces = [factories.make_trace() for _ in range(6)]
    for number, trace in enumerate(traces):
        review(curator, trace, number % 3 > 0)
        review(engineer, trace, number % 2 > 0)
    return traces


def test_it_shows_every_figure_with_its_definition(client, lead, curator, engineer, decided):
    client.force_login(lead)
    page = client.get(reverse("quality")).content.decode()
    for words in ("Percent agreement", "AC1", "Krippendorff", "Fleiss", "Cohen", "Reliability", "Lucky fit", "12 s"):
        assert words in page
    assert "chance alone would give" in page
    for person in (curator, engineer):
        assert person.username in page


def test_unanimous_data_says_why_it_is_undefined_and_shows_no_number(client, lead, curator, engineer):
    trace = factories.make_trace()
    review(curator, trace)
    review(engineer, trace)
    client.force_login(lead)
    page = client.get(reverse("quality")).content.decode()
    assert "Everybody gave every item the same decision" in page
    assert "nan" not in page.lower().replace("finance", "")
    assert "1.00" not in page


def test_nothing_decided_yet_says_what_to_do(client, lead):
    client.force_login(lead)
    assert "Agreement needs two people" in client.get(reverse("quality")).content.decode()


def test_a_filter_that_makes_no_sense_is_said(client, lead, decided):
    client.force_login(lead)
    refused = client.get(reverse("quality") + "?since=2026-05-02&until=2026-05-01")
    assert refused.status_code == 422
    assert "expected 2026-05-02 or a later day" in refused.content.decode()
    chosen = client.get(f"{reverse('quality')}?problem_set={decided[0].problem.problem_set_id}")
    assert "2 decisions" in " ".join(chosen.content.decode().split())


def test_it_takes_as_many_queries_for_many_reviews_as_for_few(client, lead, curator, engineer, decided):
    client.force_login(lead)
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("quality"))
    for _ in range(30):
        trace = factories.make_trace()
        review(curator, trace)
        review(engineer, trace, False)
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("quality"))
    assert len(many) == len(few) <= 20
    with CaptureQueriesContext(connection) as again:
        client.get(reverse("quality"))
    assert len(again) == len(many) - 9


def test_it_is_for_leads(client, curator, engineer):
    for person in (curator, engineer):
        client.force_login(person)
        assert client.get(reverse("quality")).status_code == 403
        assert client.get(reverse("quality_reviewer", args=[curator.pk])).status_code == 403
        refused = client.post(reverse("review_void", args=[curator.pk]), {})
        assert refused.status_code == 403


def void(client, reviewer, **values):
    said = {"since": timezone.localdate().isoformat(), "reason": "Guessing.", "key": str(uuid.uuid4()), **values}
    return client.post(reverse("review_void", args=[reviewer.pk]), said, follow=True)


def test_reviews_are_voided_and_restored_from_the_reviewers_page(client, lead, curator, decided):
    client.force_login(lead)
    page = void(client, curator).content.decode()
    assert "6 reviews of carl count for nothing" in page
    assert "Guessing." in page
    assert "No decision of theirs counts" in page
    event = ReviewVoid.objects.get()
    back = client.post(reverse("review_void_undo", args=[event.pk]), {"key": str(uuid.uuid4())}, follow=True)
    assert "6 reviews of carl count again" in back.content.decode()
    assert "taken back" in back.content.decode()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"since": ""}, "expected"),
        ({"since": "2999-01-01"}, "expected today or an earlier day"),
        ({"reason": ""}, "expected"),
        ({"since": "soon"}, "expected"),
    ],
)
def test_what_is_typed_wrong_is_said_and_voids_nothing(client, lead, curator, decided, values, expected):
    client.force_login(lead)
    refused = void(client, curator, **values)
    assert refused.status_code == 422
    assert expected in refused.content.decode()
    assert not ReviewVoid.objects.exists()


def test_nothing_to_void_is_said(client, lead):
    client.force_login(lead)
    refused = void(client, lead)
    assert refused.status_code == 422
    assert "has no decision since" in refused.content.decode()


def test_gold_suggestions_and_the_matrix_are_on_the_page(client, lead, curator, engineer, decided):
    queue = queue_of(lead, make_traces(2, correctness="pass"), suggestions="verdicts")
    for _ in range(2):
        decide(curator, lease_next(reviewer=curator, queue=queue).item)
    for trace in decided:
        review(lead, trace)
    trace = factories.make_trace()
    item = QueueItem.objects.create(queue=queue, trace=trace, is_gold=True, known_decision="reject", quota=0)
    decide(curator, item_with_a_lease(curator, item))
    client.force_login(lead)
    page = " ".join(client.get(reverse("quality")).content.decode().split())
    for words in ("Suggested decisions", "Accepted unchanged", "Gold items", "Everybody with everybody", "Drawn along"):
        assert words in page
    assert "nan" not in page.lower().replace("finance", "")
    mine = client.get(reverse("quality_reviewer", args=[curator.pk])).content.decode()
    assert "Gold right" in mine
    assert "0%" in mine


def item_with_a_lease(person, item):
    Assignment.objects.create(
        queue=item.queue,
        item=item,
        number=person.pk,
        is_gold=True,
        state="leased",
        reviewer=person,
        token=uuid.uuid4(),
        expires_at=timezone.now(),
    )
    return item


def test_open_items_are_given_to_others_from_the_reviewers_page(client, lead, curator, engineer):
    queue = queue_of(lead, make_traces(2))
    held = lease_next(reviewer=curator, queue=queue)
    client.force_login(lead)
    page = reverse("quality_reviewer", args=[curator.pk])
    assert "Open items" in client.get(page).content.decode()
    address = reverse("quality_reassign", args=[curator.pk])
    refused = client.post(address, {"from_queue": queue.pk, "to": [curator.pk]})
    assert refused.status_code == 422
    assert "expected others to give their items to" in refused.content.decode()
    assert client.post(address, {"from_queue": 999999}).status_code == 422
    held.refresh_from_db()
    assert held.state == "leased"
    done = client.post(address, {"from_queue": queue.pk, "to": [lead.pk]}, follow=True)
    assert "1 item taken from" in done.content.decode()
    held.refresh_from_db()
    assert (held.state, held.meant_for) == ("open", lead)
    assert "has nothing open" in client.post(address, {"from_queue": queue.pk}, follow=True).content.decode()
    client.force_login(curator)
    assert client.post(address, {"from_queue": queue.pk}).status_code == 403


def test_reviews_are_voided_and_their_items_opened_again_for_those_chosen(client, lead, curator):
    queue = queue_of(lead, make_traces(1))
    decide(curator, queue.items.get())
    client.force_login(lead)
    address = reverse("review_void", args=[curator.pk])
    form = {"since": timezone.localdate(), "reason": "careless", "again": "people", "key": uuid.uuid4()}
    refused = client.post(address, form)
    assert refused.status_code == 422
    assert "expected at least one person who decides again" in refused.content.decode()
    stray = client.post(address, {**form, "again": "", "to": [lead.pk]})
    assert "expected nobody" in stray.content.decode()
    assert not ReviewVoid.objects.exists()
    done = client.post(address, {**form, "to": [lead.pk], "in_queue": queue.pk}, follow=True)
    text = " ".join(done.content.decode().split())
    assert "1 review of" in text
    assert "1 item open again." in text
    assert f"in {queue.title}" in text
    assert Assignment.objects.get().meant_for == lead
