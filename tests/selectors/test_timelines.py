"""The timeline names everything that was done to a trace, to those who may know it."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_verdict
from tests.queues import decide, item_of, make_traces, queue_of
from trajectories.core.curation.adjudications import FinalDecision, FinalDraft
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.models import AuditEvent, Comparison
from trajectories.selectors.timelines import Reader, get_timeline
from trajectories.services.curation.adjudications import adjudicate, known_of
from trajectories.services.curation.assignments import lease_item, lease_next, skip_item
from trajectories.services.curation.decisions import flag_item, settle_flag
from trajectories.services.curation.voids import restore_reviews, void_reviews

REJECT = ReviewDraft(Decision.REJECT, reason="lucky", comment="It guesses.")


@pytest.fixture
def traces(db):
    return make_traces(2)


def words(trace, person, **values):
    reader = Reader(person.pk, **{"told": True, "releases": True, "comparisons": True, "queues": True, **values})
    return [
        " ".join(filter(None, (moment.who, moment.what, moment.trace_id and str(moment.trace_id), moment.after)))
        for moment in get_timeline(trace, reader=reader)
    ]


def worked_on(traces, lead, curator, engineer):
    """A trace on which everything was done that can be done in queues and beside them."""
    trace = traces[0]
    queue = queue_of(lead, traces, title="Right ones", reviews_each=2)
    item = item_of(queue, trace)
    lease_item(reviewer=engineer, item=item)
    flag = flag_item(reviewer=engineer, item=item, note="Does this count?")
    skip_item(reviewer=engineer, item=item, reason="unsure")
    settle_flag(actor=lead, flag=flag)
    decide(curator, item_of(queue, trace))
    since = timezone.now() - timedelta(hours=1)
    event = void_reviews(actor=lead, reviewer=curator, since=since, reason="Too fast.", key=uuid.uuid4())
    restore_reviews(actor=lead, void=event, key=uuid.uuid4())
    decide(lead, item_of(queue, trace), REJECT)
    for decision in (FinalDecision.ACCEPT, FinalDecision.REOPEN):
        draft = FinalDraft(decision)
        adjudicate(actor=lead, trace=trace, draft=draft, key=uuid.uuid4(), known=known_of(trace))
    first, second = traces
    Comparison.objects.create(
        problem=trace.problem, first=first, second=second, swapped=False, reviewer=curator, verdict="second",
        key=uuid.uuid4(),
    )  # fmt: skip
    return trace, queue


def test_the_timeline_says_in_words_what_was_done(traces, lead, curator, engineer):
    trace, _ = worked_on(traces, lead, curator, engineer)
    told = words(trace, lead)
    for sentence in (
        "the system took it up into “Right ones”",
        "erin asked the lead about it in “Right ones”",
        "erin skipped it in “Right ones”",
        "lena settled the question about it in “Right ones”",
        "carl reviewed accept",
        "lena voided the review of carl",
        "lena restored the review of carl accept",
        "lena reviewed reject",
        "lena decided finally accept",
        "lena reopened it: the reviews decide again",
        f"carl compared it with {traces[1].pk} the worse one",
    ):
        assert sentence in told
    assert f"carl compared it with {trace.pk} the better one" in words(traces[1], lead)


def test_who_is_blind_reads_only_what_they_did_themselves(traces, lead, curator, engineer):
    trace, _ = worked_on(traces, lead, curator, engineer)
    blind = words(trace, engineer, told=False, queues=False, comparisons=False, releases=False)
    assert [said for said in blind if said.startswith("erin")] == [
        "erin asked the lead about it in “Right ones”",
        "erin skipped it in “Right ones”",
    ]
    assert not [said for said in blind if said.startswith(("lena", "carl"))]


def test_who_reviews_learns_neither_the_queues_of_others_nor_gold_items(traces, lead, curator, engineer):
    trace, _ = worked_on(traces, lead, curator, engineer)
    AuditEvent.objects.create(
        actor=lead, verb="gold.made", object_type="trace", object_id=trace.pk, data={"queue": 1, "decision": "accept"}
    )
    told = words(trace, curator, queues=False, comparisons=False)
    assert "erin skipped it in a queue" in told
    assert not [said for said in told if "gold" in said or "Right ones" in said]
    assert [said for said in words(trace, lead) if "made it a gold item" in said]


def test_the_page_shows_the_reason_of_a_skip(client, traces, lead, curator, engineer):
    trace, _ = worked_on(traces, lead, curator, engineer)
    client.force_login(lead)
    page = client.get(reverse("trace_timeline", args=[trace.pk]) + "?reviews=all").content.decode()
    assert "I cannot tell" in page
    assert "Does this count?" in page


def test_every_skip_is_in_the_audit_log(traces, lead, curator):
    queue = queue_of(lead, traces)
    found = lease_next(reviewer=curator, queue=queue)
    skip_item(reviewer=curator, item=found.item, reason="unsure")
    event = AuditEvent.objects.get(verb="queue.skip")
    assert (event.actor, event.object_type, event.object_id) == (curator, "trace", found.item.trace_id)
    assert event.data == {"queue": queue.pk, "item": found.item_id, "reason": "unsure"}
    assert not skip_item(reviewer=curator, item=found.item)
    assert AuditEvent.objects.filter(verb="queue.skip").count() == 1


@pytest.mark.parametrize(
    ("verifier", "what"),
    [
        ("numeric", "verified"),
        ("consensus", "verified"),
        ("model_judge:strict", "judged"),
        ("scorer:small", "scored"),
        ("step_values:small", "gave its steps values"),
    ],
)
def test_verifiers_verify_and_models_judge(traces, lead, verifier, what):
    make_verdict(trace=traces[0], verifier=verifier)
    assert any(f"{verifier} 1 {what}" in told for told in words(traces[0], lead))
    alone = words(traces[0], lead, told=False)
    assert any(verifier in told for told in alone) is (what == "verified")
