"""Threads on a trace's page, mentions on the start page, and the timeline: what each reader may know."""

import uuid

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse

from tests import factories
from tests.queues import item_of, queue_of
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.curation.schemas import Blinding
from trajectories.core.prompts.repairs import Edits
from trajectories.models import Mention, Thread, ThreadEvent, Trace
from trajectories.selectors.traces import get_trace
from trajectories.services.curation.reviews import submit_review, undo_last_review
from trajectories.services.curation.threads import About, add_to_thread, open_thread
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.services.traces.repairs import RepairDraft, submit_repair

pytestmark = pytest.mark.django_db


@pytest.fixture
def trace(db) -> Trace:
    return get_trace(factories.make_trace(reasoning="Sizes stay.\n\nMirror **each row**.").pk)


@pytest.fixture
def other(db) -> User:
    person = User.objects.create_user("zenobia", password="a long enough password")
    person.groups.add(Group.objects.get(name="curator"))
    return person


def begin(trace, author, body="quokkas, @carl", **about) -> Thread:
    return open_thread(author=author, trace=trace, about=About(**about), body=body, key=uuid.uuid4())


def decide(person, trace, decision=Decision.ACCEPT, **values):
    submit_review(reviewer=person, trace=trace, draft=ReviewDraft(decision, **values), key=uuid.uuid4())


def page_of(client, trace, query=""):
    return client.get(reverse("trace_detail", args=[trace.pk]) + query).content.decode()


def timeline_of(client, trace, query=""):
    return client.get(reverse("trace_timeline", args=[trace.pk]) + query).content.decode()


def test_a_remark_on_words_is_shown_with_them(client, curator, trace):
    client.force_login(curator)
    sent = {
        "key": str(uuid.uuid4()),
        "body": "Which <row>?",
        "step": "1",
        "quote": "each row",
        "nth": "0",
        "fault": "unclear",
    }
    response = client.post(reverse("thread_new", args=[trace.pk]), sent, headers={"HX-Request": "true"})
    panel = response.content.decode()
    for said in ("Which &lt;row&gt;?", "Step 2", 'data-quote="each row"', 'data-marked-step="1"', "Unclear", "Open"):
        assert said in panel
    assert "<html" not in panel
    assert client.post(reverse("thread_new", args=[trace.pk]), sent).status_code == 302
    assert Thread.objects.count() == 1


def test_a_refused_remark_comes_back_with_its_words(client, curator, trace):
    client.force_login(curator)
    sent = {"key": str(uuid.uuid4()), "body": "My remark", "step": "0", "quote": "each column"}
    response = client.post(reverse("thread_new", args=[trace.pk]), sent, headers={"HX-Request": "true"})
    assert response.status_code == 422
    assert "Found no such words" in response.content.decode()
    assert "My remark</textarea>" in response.content.decode()
    response = client.post(reverse("thread_new", args=[trace.pk]), sent, follow=True)
    assert "Found no such words" in response.content.decode()


def test_answers_and_resolving(client, curator, trace):
    client.force_login(curator)
    thread = begin(trace, curator)
    here = reverse("thread_add", args=[thread.pk])
    for kind, said in (("comment", "An answer"), ("resolve", ""), ("reopen", "No.")):
        sent = {"key": str(uuid.uuid4()), "body": said, "kind": kind}
        panel = client.post(here, sent, headers={"HX-Request": "true"})
        assert panel.status_code == 200
        assert ("Resolved" in panel.content.decode()) is (kind == "resolve")
    for sent in ({"kind": "reopen"}, {"kind": "comment"}, {"kind": "shout", "body": "A"}):
        panel = client.post(here, {"key": str(uuid.uuid4()), **sent}, headers={"HX-Request": "true"})
        assert panel.status_code == 422
    assert ThreadEvent.objects.count() == 4


def test_remarks_of_others_show_up_once_ones_own_decision_is_in(client, curator, other, trace):
    theirs = begin(trace, other)
    mine = begin(trace, curator, body="my question")
    add_to_thread(author=other, thread=mine, kind="comment", body="wombats", key=uuid.uuid4())
    client.force_login(curator)
    before = page_of(client, trace) + timeline_of(client, trace)
    assert "my question" in before
    for told in ("quokkas", "wombats", "zenobia", f"thread-{theirs.pk}"):
        assert told not in before
    answer = {"key": str(uuid.uuid4()), "body": "I guess so"}
    assert client.post(reverse("thread_add", args=[theirs.pk]), answer).status_code == 403
    # That one is called may be known, not what is said.
    assert "called by name in 1 remark" in client.get(reverse("home")).content.decode()
    called = client.get(reverse("mention_list")).content.decode()
    assert f"Trace {trace.pk}" in called
    assert "quokkas" not in called
    assert "zenobia" not in called
    decide(curator, trace)
    called = client.get(reverse("mention_list")).content.decode()
    for page in (page_of(client, trace), timeline_of(client, trace), called):
        assert "quokkas" in page
        assert "zenobia" in page
    assert client.post(reverse("thread_add", args=[theirs.pk]), answer).status_code == 302
    undo_last_review(reviewer=curator, key=uuid.uuid4())
    assert "quokkas" not in page_of(client, trace) + timeline_of(client, trace)


def test_a_mention_is_read_once(client, curator, other, trace):
    begin(trace, other)
    client.force_login(other)
    mention = Mention.objects.get()
    client.post(reverse("mention_read", args=[mention.pk]))
    assert Mention.objects.filter(read_at=None).exists()
    client.force_login(curator)
    response = client.post(reverse("mention_read", args=[mention.pk]), follow=True)
    assert "Nothing to read" in response.content.decode()
    assert "called by name" not in client.get(reverse("home")).content.decode()


def test_who_may_not_remark_sees_no_form_and_is_refused(client, nobody, curator, trace):
    thread = begin(trace, curator)
    client.force_login(nobody)
    for name, key in (("thread_new", trace.pk), ("thread_add", thread.pk)):
        assert client.post(reverse(name, args=[key]), {"body": "A", "key": str(uuid.uuid4())}).status_code == 403
        assert client.get(reverse(name, args=[key])).status_code == 405
    assert client.get(reverse("mention_list")).status_code == 403


def test_the_timeline_tells_who_did_what_when_before_and_after(client, lead, curator, trace):
    factories.make_verdict(trace=trace, outcome="fail", previous_outcome="error", message="one cell is wrong")
    factories.make_verdict(trace=trace, verifier="model_judge:correctness", outcome="fail", message="bilbies")
    decide(curator, trace, score=4)
    decide(curator, trace, Decision.REJECT, reason="lucky", comment="quokkas")
    undo_last_review(reviewer=curator, key=uuid.uuid4())
    draft = RepairDraft(Edits(texts={0: "Other words."}), note="numbats")
    made = submit_repair(author=curator, trace=trace, draft=draft, key=uuid.uuid4())
    thread = begin(trace, lead, body="possums")
    add_to_thread(author=lead, thread=thread, kind="resolve", body="", key=uuid.uuid4())
    decide(lead, trace)
    freeze_accepted(actor=lead, title="dunnarts", key=uuid.uuid4())
    client.force_login(lead)
    page = " ".join(timeline_of(client, trace, "?reviews=all").split())
    words = (
        *("sampled", "arc_test 1", "one cell is wrong", "judged", "bilbies", "reviewed anew", "undid their review"),
        *("accept, 4 of 5", "quokkas", "edited its answer", "numbats", f"trace {made.trace_id}</a>", "possums"),
        *("opened a thread", "resolved", "dunnarts"),
    )
    assert [word for word in words if word not in page] == []
    order = [page.index(word) for word in ("sampled", "one cell", "reviewed anew", "undid", "numbats", "dunnarts")]
    assert order == sorted(order)
    # The edit's own timeline begins with who wrote it.
    assert "wrote it by editing" in timeline_of(client, made.trace)
    # A curator who has not decided sees what they did themselves, and what verifiers said.
    client.force_login(curator)
    mine = timeline_of(client, trace)
    assert [word for word in ("quokkas", "numbats", "one cell is wrong") if word not in mine] == []
    assert [word for word in ("bilbies", "possums", "dunnarts", "lena") if word in mine] == []


def test_the_timeline_asks_as_much_for_many_events_as_for_few(client, lead, trace, django_assert_max_num_queries):
    client.force_login(lead)
    for _ in range(5):
        begin(trace, lead)
        decide(lead, trace)
    timeline_of(client, trace)
    with django_assert_max_num_queries(17):
        timeline_of(client, trace)


def test_on_a_queues_screen_the_queues_own_rule_says_what_others_remarks_are_seen(client, curator, lead, trace):
    Trace.objects.filter(pk=trace.pk).update(run=factories.make_run())
    trace.refresh_from_db()
    begin(trace, lead, body="A secret of the lead.")
    blind = queue_of(lead, [trace])
    told = queue_of(lead, [trace], blinding=Blinding(reviews=False))
    client.force_login(curator)
    for queue, seen in ((blind, False), (told, True)):
        item = item_of(queue, trace)
        page = client.get(reverse("queue_item", args=[queue.pk, item.pk])).content.decode()
        assert ("A secret of the lead." in page) is seen
        sent = {"body": "Mine.", "key": str(uuid.uuid4())}
        address = reverse("thread_new", args=[trace.pk]) + f"?item={item.pk}"
        fragment = client.post(address, sent, headers={"HX-Request": "true"}).content.decode()
        assert "Mine." in fragment
        assert ("A secret of the lead." in fragment) is seen
        assert 'data-key="p"' in fragment
        assert client.post(address, sent).headers["Location"].startswith(f"/queues/{queue.pk}/items/")


def test_an_item_of_another_trace_or_of_a_queue_of_others_opens_nothing(client, curator, lead, trace):
    Trace.objects.filter(pk=trace.pk).update(run=factories.make_run())
    trace.refresh_from_db()
    begin(trace, lead, body="A secret of the lead.")
    closed = queue_of(lead, [trace], blinding=Blinding(reviews=False), members=[lead])
    other = factories.make_trace(run=factories.make_run())
    elsewhere = queue_of(lead, [other], blinding=Blinding(reviews=False))
    client.force_login(curator)
    for item in (item_of(closed, trace), item_of(elsewhere, other)):
        sent = {"body": "Mine.", "key": str(uuid.uuid4())}
        address = reverse("thread_new", args=[trace.pk]) + f"?item={item.pk}"
        response = client.post(address, sent, headers={"HX-Request": "true"})
        assert "A secret of the lead." not in response.content.decode()
