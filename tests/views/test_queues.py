"""Pages of curation queues for who makes and steers them."""

import uuid

import pytest
from django.urls import reverse

from tests.pages import squeezed
from tests.queues import decide, filled, item_of, make_traces, queue_of
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.curation.schemas import DecisionSchema
from trajectories.models import AuditEvent, Queue, Review, Scorer
from trajectories.services.curation.assignments import lease_item, lease_next

FRAGMENT = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def traces(db):
    return make_traces(3, correctness="pass")


@pytest.fixture
def queue(lead, traces):
    return queue_of(lead, traces)


def at(name, *keys):
    return reverse(name, args=keys)


def test_a_queue_is_made_of_the_traces_of_the_list_with_a_title_of_its_own(client, lead, curator, traces):
    client.force_login(lead)
    run = traces[0].run
    assert at("queue_new") in client.get(f"{at('trace_list')}?run={run.pk}").content.decode()
    address = f"{at('queue_new')}?run={run.pk}"
    page = client.get(address).content.decode()
    assert f"Traces of {run.title}" in page
    assert "<strong>3</strong> traces" in page
    asked = filled(reasons="Wrong answer\nWrong units\n", tags="neat\n", guidelines="**Read** it.", doubled_percent=100)
    answer = client.post(address, asked)
    queue = Queue.objects.get()
    assert answer.url == at("queue_detail", queue.pk)
    assert (queue.item_count, queue.review_count, queue.is_filling) == (3, 6, False)
    assert queue.asks == DecisionSchema(reasons=("wrong_answer", "Wrong units"), tags=("neat",))
    assert queue.rule.run == run.pk
    page = client.get(answer.url).content.decode()
    assert "<strong>Read</strong> it." in page
    assert "Wrong answer, Wrong units" in page
    assert AuditEvent.objects.get(verb="queue.made").object_id == queue.pk


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"title": ""}, "title", "Found nothing"),
        ({"reviews_each": 0}, "reviews_each", "Found 0, expected a whole number from 1 to 20."),
        ({"anchors": "one\ntwo"}, "anchors", "found 2, expected one for each score from 1 to 5."),
        ({"reasons": "same\nsame"}, "reasons", "twice, expected it once."),
        ({"gold_count": 2}, "gold_count", "found 0 of these traces with a decision of yours, expected 2."),
        ({"gold_every": 5}, "gold_every", "no gold item is left to mix in."),
        ({"training_count": 1}, "training_count", "found 1, expected 0 to 0."),
    ],
)
def test_a_queue_that_cannot_be_is_refused_at_its_field_and_nothing_is_made(
    client, lead, traces, changes, field, sentence
):
    client.force_login(lead)
    answer = client.post(f"{at('queue_new')}?run={traces[0].run_id}", filled(**changes))
    assert answer.status_code == 422
    assert sentence in " ".join(answer.context["form"].errors[field])
    assert not Queue.objects.exists()


def test_a_scorer_may_order_a_queue_and_its_page_says_which(client, lead, traces):
    Scorer.objects.create(name="told", version=1, state="finished")
    client.force_login(lead)
    address = f"{at('queue_new')}?run={traces[0].run_id}"
    assert "For an order or suggestions by a scorer" in squeezed(client.get(address))
    refused = client.post(address, filled(item_order="unsure"))
    assert refused.status_code == 422
    assert "Scorer: found none, expected one that is trained." in squeezed(refused)
    made = client.post(address, filled(item_order="unsure", scorer_name="told"))
    assert "<dd>By a scorer: unsure first</dd>" in (shown := squeezed(client.get(made.url)))
    assert "<dt>Scorer</dt><dd>told</dd>" in shown
    told = client.post(address, filled(item_order="likely", scorer_name="told"))
    assert "what scorers say is hidden here, and the place of a trace would tell it" in squeezed(told)
    assert Queue.objects.count() == 1


def test_too_few_people_for_the_reviews_that_a_trace_needs_are_refused(client, lead, curator, traces):
    client.force_login(lead)
    for asked, why in (
        ({"reviews_each": 2}, "a trace needs 2 reviews."),
        ({"doubled_percent": 10}, "a trace needs 1 review, and 10% of them twice as many."),
    ):
        answer = client.post(f"{at('queue_new')}?run={traces[0].run_id}", filled(members=[curator.pk], **asked))
        assert answer.status_code == 422
        assert f"found 1, expected at least 2: {why}" in answer.content.decode()


def test_only_who_may_work_on_a_queue_sees_it(client, curator, lead, traces):
    theirs = queue_of(lead, traces, members=[lead], title="Only for some")
    client.force_login(curator)
    assert theirs.title not in client.get(at("queue_list")).content.decode()
    for name in ("queue_detail", "queue_next"):
        assert client.get(at(name, theirs.pk)).status_code == 404
    # Who works on it is no wall around its traces: docs/security.md says so.
    assert client.get(at("trace_detail", traces[0].pk)).status_code == 200
    said = {"key": str(uuid.uuid4()), "decision": "accept", "then": "next"}
    assert client.post(at("review_submit", traces[0].pk), said).status_code == 302
    assert Review.objects.get().reviewer == curator
    theirs.members.add(curator)
    assert theirs.title in client.get(at("queue_list")).content.decode()
    assert client.get(at("queue_detail", theirs.pk)).status_code == 200
    theirs.members.set([curator])
    client.force_login(lead)
    assert client.get(at("queue_detail", theirs.pk)).status_code == 200
    assert "You are not among those who work on" in client.get(at("queue_next", theirs.pk)).content.decode()


def test_a_curator_is_told_nothing_about_others_but_that_they_are_at_it(client, curator, lead, queue, traces):
    decide(lead, item_of(queue, traces[2]), ReviewDraft(Decision.REJECT, reason="lucky"))
    lease_next(reviewer=lead, queue=queue)
    client.force_login(curator)
    page = client.get(at("queue_detail", queue.pk)).content.decode()
    assert "33%" in page
    assert "people-heading" not in page
    assert "Reject<" not in page
    for name, keys in (("queue_edit", []), ("queue_guidelines", []), ("queue_gold", []), ("queue_steer", ["pause"])):
        assert client.post(at(name, queue.pk, *keys)).status_code == 403
    assert lead.username in client.get(at("queue_list")).content.decode()


def test_a_lead_makes_a_gold_item_of_a_trace_that_nobody_has_seen(client, lead, curator, queue, traces):
    client.force_login(lead)
    sent = {"trace": traces[0].pk, "decision": "accept", "why": "Clean."}
    assert client.post(at("queue_gold", queue.pk), sent).status_code == 302
    queue.refresh_from_db()
    assert (queue.item_count, queue.review_count, queue.gold_every) == (2, 2, 20)
    lease_item(reviewer=curator, item=item_of(queue, traces[2]))
    answer = client.post(at("queue_gold", queue.pk), {**sent, "trace": traces[2].pk})
    assert answer.status_code == 422
    assert "is being reviewed already; expected one that nobody has seen." in answer.content.decode()


def test_guidelines_are_versioned_and_nobody_overwrites_anothers_change(client, lead, queue):
    client.force_login(lead)
    page = at("queue_guidelines", queue.pk)
    assert client.post(page, {"guidelines": "New.", "seen": 1}).status_code == 302
    answer = client.post(page, {"guidelines": "Other.", "seen": 1})
    assert answer.status_code == 422
    assert "Version 2 was made in the meantime" in answer.content.decode()
    assert "Other." in answer.content.decode()
    assert [each.text for each in queue.guidelines.order_by("version")] == ["", "New."]


def test_a_lead_sees_who_does_what_and_steers(client, lead, curator, queue):
    decide(curator, lease_next(reviewer=curator, queue=queue).item)
    first = lease_next(reviewer=curator, queue=queue)
    lease_next(reviewer=curator, queue=queue, but=[first.item.trace_id])
    client.force_login(lead)
    page = client.get(at("queue_detail", queue.pk)).content.decode()
    assert "carl" in page
    assert f"trace {first.item.trace_id}</a>" in page
    assert ", 1 ahead" in page
    assert "1 at work now" in page
    assert "1 of 3" in page
    people = client.get(at("queue_detail", queue.pk), **FRAGMENT).content.decode()
    assert "carl" in people
    assert "<html" not in people
    client.force_login(curator)
    assert 'id="people"' not in client.get(at("queue_detail", queue.pk)).content.decode()
    assert "last seen" not in client.get(at("queue_detail", queue.pk), **FRAGMENT).content.decode()
    client.force_login(lead)
    for verb, state in (("pause", "paused"), ("resume", "open"), ("close", "closed"), ("reopen", "open")):
        client.post(at("queue_steer", queue.pk, verb))
        queue.refresh_from_db()
        assert queue.state == state
    assert client.post(at("queue_steer", queue.pk, "explode")).status_code == 404
    assert AuditEvent.objects.filter(verb__startswith="queue.", object_id=queue.pk).count() == 5


def test_title_due_date_and_members_can_change(client, lead, curator, queue):
    client.force_login(lead)
    sent = {"title": "Other", "due_on": "2026-01-02", "members": [curator.pk]}
    assert client.post(at("queue_edit", queue.pk), sent).status_code == 302
    queue.refresh_from_db()
    assert (queue.title, str(queue.due_on), list(queue.members.all())) == ("Other", "2026-01-02", [curator])
    assert "overdue" in client.get(at("queue_list")).content.decode()


def test_the_start_page_names_my_queues(client, curator, queue):
    client.force_login(curator)
    page = client.get(at("home")).content.decode()
    assert queue.title in page
    assert at("queue_next", queue.pk) in page


def test_suggestions_by_verdicts_where_these_are_hidden_are_refused_in_one_sentence(client, lead, traces):
    client.force_login(lead)
    sent = filled(suggestions="verdicts", hide_verdicts="on")
    refused = client.post(f"{at('queue_new')}?run={traces[0].run_id}", sent)
    assert refused.status_code == 422
    assert "found “by verdicts”, but what verifiers found is hidden here" in refused.content.decode()
    assert not Queue.objects.exists()
    assert client.post(f"{at('queue_new')}?run={traces[0].run_id}", filled(suggestions="verdicts")).status_code == 302
    queue = Queue.objects.get()
    assert queue.suggestions == "verdicts"
    assert "By verdicts" in client.get(at("queue_detail", queue.pk)).content.decode()
