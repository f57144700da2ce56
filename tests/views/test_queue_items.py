"""The curation screen: items of a queue as they are handed out, decided on and passed over."""

import re
import uuid
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tests.campaigns import learnt_campaign
from tests.queues import decide, form_of, item_of, make_traces, queue_of
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.curation.schemas import Blinding, DecisionSchema
from trajectories.models import Assignment, QueueFlag, QueueItem, QueueWork, Review, Trace
from trajectories.selectors.my_work import agreed_in
from trajectories.services.curation.assignments import lease_next
from trajectories.services.curation.queues import steer_queue
from trajectories.services.curation.reviews import submit_review

FRAGMENT = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def traces(db):
    return make_traces(3, correctness="pass")


@pytest.fixture
def queue(lead, traces):
    return queue_of(lead, traces)


def at(name, *keys):
    return reverse(name, args=keys)


def test_next_leads_to_an_item_that_is_leased_and_opening_it_again_to_the_same(client, curator, queue, traces):
    client.force_login(curator)
    item = item_of(queue, traces[2])
    for _ in range(2):
        assert client.get(at("queue_next", queue.pk)).url == at("queue_item", queue.pk, item.pk)
    page = client.get(at("queue_item", queue.pk, item.pk)).content.decode()
    assert str(Assignment.objects.get(reviewer=curator).token) in page


def test_verdicts_that_come_while_an_item_is_open_are_told_at_its_head_too(client, curator, queue, traces):
    client.force_login(curator)
    Trace.objects.update(correctness="")
    item = item_of(queue, traces[2])
    page = client.get(at("queue_item", queue.pk, item.pk)).content.decode()
    assert f'hx-get="{at("trace_verdicts", item.trace_id)}"' in page
    Trace.objects.update(correctness="pass")
    answer = client.get(at("trace_verdicts", item.trace_id)).content.decode()
    (place,) = re.findall(r'<span id="(\S+)" hx-swap-oob="true"><span class="badge pass"', answer)
    assert f'<span id="{place}"><span class="badge' in page


def test_deciding_stores_the_review_in_its_queue_and_shows_the_next_item(client, curator, lead, traces):
    schema = DecisionSchema(reasons=("Wrong units",), scores=("Clarity",), tags=("neat",))
    queue = queue_of(lead, traces, schema=schema, guidelines="Go by this.")
    client.force_login(curator)
    first = lease_next(reviewer=curator, queue=queue)
    sent = form_of(first, score_0=4, tags=["neat"], comment="Good.", seconds=12.5)
    answer = client.post(at("queue_decide", queue.pk, first.item_id), sent, **FRAGMENT)
    following = item_of(queue, traces[1])
    assert answer["HX-Push-Url"] == at("queue_item", queue.pk, following.pk)
    review = Review.objects.get()
    assert (review.queue, review.guidelines.version, review.scores, review.tags) == (queue, 1, {"Clarity": 4}, ["neat"])
    work = QueueWork.objects.get(reviewer=curator)
    assert (work.done_count, work.seconds) == (1, 12.5)
    # The same form again is the same review.
    client.post(at("queue_decide", queue.pk, first.item_id), sent, **FRAGMENT)
    assert Review.objects.count() == QueueWork.objects.get(reviewer=curator).done_count == 1


def test_a_draft_that_is_no_answer_comes_back_whole(client, curator, lead, traces):
    queue = queue_of(lead, traces, schema=DecisionSchema(scores=("Clarity",)))
    client.force_login(curator)
    first = lease_next(reviewer=curator, queue=queue)
    answer = client.post(at("queue_decide", queue.pk, first.item_id), form_of(first, comment="Mine."), **FRAGMENT)
    assert (answer.status_code, answer["HX-Retarget"]) == (422, "#review")
    assert "Clarity: found no score, expected one from 1 to 5." in answer.content.decode()
    assert "Mine." in answer.content.decode()
    assert not Review.objects.exists()


def test_behind_the_page_only_what_changes_comes_back(client, curator, queue):
    client.force_login(curator)
    first = lease_next(reviewer=curator, queue=queue)
    answer = client.post(at("queue_decide", queue.pk, first.item_id), form_of(first, then="behind"), **FRAGMENT)
    page = answer.content.decode()
    assert "1 by you" in page
    assert 'id="undo-offer" hx-swap-oob="true"' in page
    assert "<article" not in page


def test_what_was_on_the_screen_as_the_queue_was_paused_is_stored_and_nothing_more_comes(client, curator, lead, queue):
    client.force_login(curator)
    first = lease_next(reviewer=curator, queue=queue)
    steer_queue(actor=lead, queue=queue, verb="pause")
    answer = client.post(at("queue_decide", queue.pk, first.item_id), form_of(first), **FRAGMENT)
    assert "The queue is paused" in answer.content.decode()
    assert Review.objects.count() == 1
    assert client.get(at("queue_next", queue.pk), HTTP_X_AHEAD="1").status_code == 204


def test_an_item_that_went_to_somebody_else_is_refused_in_words(client, curator, lead, queue):
    client.force_login(curator)
    first = lease_next(reviewer=curator, queue=queue)
    Assignment.objects.filter(pk=first.pk).update(reviewer=lead, token=uuid.uuid4())
    sent = form_of(first, then="behind")
    answer = client.post(at("queue_decide", queue.pk, first.item_id), sent, **FRAGMENT)
    assert answer.status_code == 422
    assert answer.content.decode().startswith("This item went back to the others while you were away")
    page = client.get(at("queue_item", queue.pk, first.item_id)).content.decode()
    assert "This item needs no review of yours" in page
    assert not Review.objects.exists()


def test_a_decision_made_in_another_window_is_not_replaced_unseen(client, curator, queue):
    client.force_login(curator)
    first = lease_next(reviewer=curator, queue=queue)
    decide(curator, first.item, token=first.token)
    sent = form_of(first, decision="reject", reason="lucky")
    answer = client.post(at("queue_decide", queue.pk, first.item_id), sent, **FRAGMENT)
    assert answer.status_code == 422
    assert "You have decided on this item in another window." in answer.content.decode()
    assert Review.objects.count() == 1
    sent["lease"] = Assignment.objects.get(pk=first.pk).token
    client.post(at("queue_decide", queue.pk, first.item_id), sent, **FRAGMENT)
    assert list(Review.objects.order_by("pk").values_list("decision", flat=True)) == ["accept", "reject"]
    assert QueueItem.objects.get(pk=first.item_id).done_count == 1


def test_undo_gives_the_item_back_with_what_was_said(client, curator, queue):
    client.force_login(curator)
    first = lease_next(reviewer=curator, queue=queue)
    draft = ReviewDraft(Decision.REJECT, reason="lucky", comment="It guesses.")
    decide(curator, first.item, draft)
    answer = client.post(at("queue_undo", queue.pk), {"key": uuid.uuid4()}, **FRAGMENT)
    page = answer.content.decode()
    assert "Your decision on this trace is undone." in page
    assert "It guesses." in page
    assert answer["HX-Push-Url"] == at("queue_item", queue.pk, first.item_id)
    again = client.post(at("queue_undo", queue.pk), {"key": uuid.uuid4()}, **FRAGMENT)
    assert "There is no decision of yours to undo" in again.content.decode()


def test_skipping_asks_the_lead_along_the_way(client, curator, lead, queue):
    client.force_login(curator)
    first = lease_next(reviewer=curator, queue=queue)
    sent = {"skip_reason": "unsure", "flag": "Does a table count?"}
    answer = client.post(at("queue_skip", queue.pk, first.item_id), sent)
    assert answer.status_code == 302
    flag = QueueFlag.objects.get()
    assert (flag.note, flag.reviewer) == ("Does a table count?", curator)
    client.force_login(lead)
    assert "Does a table count?" in client.get(at("queue_detail", queue.pk)).content.decode()
    client.post(at("queue_flag_settle", queue.pk, flag.pk))
    assert "Does a table count?" not in client.get(at("queue_detail", queue.pk)).content.decode()
    flag.refresh_from_db()
    assert flag.settled_by == lead


def test_verdicts_and_sampler_stay_hidden_until_one_has_decided(client, curator, lead, traces):
    queue = queue_of(lead, traces, blinding=Blinding(verdicts=True, sampler=True))
    client.force_login(curator)
    first = lease_next(reviewer=curator, queue=queue)
    trace = first.item.trace
    address = at("queue_item", queue.pk, first.item_id)
    page = client.get(address).content.decode()
    assert 'id="verdicts"' not in page
    assert "Pass<" not in page
    assert trace.run.title not in page
    assert trace.sampler.title not in page
    # Nor does the raw text lead to a page that shows them.
    assert not re.search(rf"""{at("trace_detail", trace.pk)}["?#]""", page)
    decide(curator, first.item)
    page = client.get(address).content.decode()
    assert 'id="verdicts"' in page
    assert trace.run.title in page


def test_the_training_round_tells_what_was_right_and_comes_first(client, curator, lead, traces):
    draft = ReviewDraft(Decision.REJECT, reason="lucky", comment="It guesses the rule.")
    submit_review(reviewer=lead, trace=traces[0], draft=draft, key=uuid.uuid4())
    queue = queue_of(lead, traces, gold_count=1, training_count=1)
    assert (queue.item_count, queue.has_training) == (2, True)
    client.force_login(curator)
    gold = item_of(queue, traces[0])
    assert client.get(at("queue_next", queue.pk)).url == at("queue_item", queue.pk, gold.pk)
    assignment = Assignment.objects.get(item=gold)
    answer = client.post(at("queue_decide", queue.pk, gold.pk), form_of(assignment), **FRAGMENT)
    page = answer.content.decode()
    assert "You chose accept. This trace is to be rejected." in page
    assert "It guesses the rule." in page
    # It is no review of the trace: what is known of it stands.
    assert Review.objects.get().reviewer == lead
    work = QueueWork.objects.get(reviewer=curator)
    assert (work.gold_count, work.gold_right, work.done_count) == (1, 0, 0)
    assert client.get(at("queue_next", queue.pk)).url == at("queue_item", queue.pk, item_of(queue, traces[2]).pk)


def test_gold_items_are_mixed_in_as_often_as_said_and_look_like_any_other(client, curator, lead, traces):
    more = make_traces(5, run=traces[0].run, problem=traces[0].problem)
    for trace in traces:
        submit_review(reviewer=lead, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    queue = queue_of(lead, [*traces, *more], gold_count=3, gold_every=2)
    seen = []
    while (found := lease_next(reviewer=curator, queue=queue)) is not None:
        seen.append(found.is_gold)
        decide(curator, found.item)
    assert sum(seen) == 3
    assert len(seen) == 8
    # One in each pair, as long as there are any.
    assert [any(seen[at : at + 2]) for at in (0, 2, 4)] == [True] * 3
    client.force_login(curator)
    assert "8 by you" in client.get(at("queue_next", queue.pk)).content.decode()


def test_leases_of_items_are_renewed_and_released_as_those_of_traces_are(client, curator, queue):
    client.force_login(curator)
    first = lease_next(reviewer=curator, queue=queue)
    leases, token = at("review_leases"), str(first.token)
    assert client.post(leases, {"token": [token, str(uuid.UUID(int=1))]}).json() == {"lost": [str(uuid.UUID(int=1))]}
    assert client.post(leases, {"token": token, "leave": "1"}).status_code == 204
    first.refresh_from_db()
    assert first.state == "open"


def test_nobody_decides_for_another(client, curator, lead, queue):
    zoe = User.objects.create_user("zoe", password="a long enough password")
    first = lease_next(reviewer=curator, queue=queue)
    client.force_login(zoe)
    assert client.post(at("queue_decide", queue.pk, first.item_id), form_of(first)).status_code == 403


def statements(django_assert_max_num_queries, most, ask):
    with django_assert_max_num_queries(most) as found:
        answer = ask()
    assert answer.status_code == 200
    return len(found)


def test_the_next_item_and_a_decision_take_few_statements_however_much_was_done(
    client, curator, lead, django_assert_max_num_queries
):
    queue = queue_of(lead, make_traces(30, correctness="pass"), guidelines="Go by **this**.")
    client.force_login(curator)
    agreed_in(queue, curator)  # is kept for some minutes
    counts = set()
    for _ in range(6):
        first = lease_next(reviewer=curator, queue=queue)
        ahead = f"{at('queue_next', queue.pk)}?but={first.item.trace_id}"
        sent = form_of(first, then="behind")
        decision = at("queue_decide", queue.pk, first.item_id)
        # Session, person, permissions, queue, turn, item, trace, what hangs on it, what queues hide of it, how far one
        # is; and two savepoints.
        following = statements(
            django_assert_max_num_queries, 12, partial(client.get, ahead, HTTP_X_AHEAD="1", **FRAGMENT)
        )
        # The first four; item, turn, assignment, trace, what was said; review, settled, trace, problem, audit, counted,
        # how far one is; and four savepoints.
        storing = statements(django_assert_max_num_queries, 20, partial(client.post, decision, sent, **FRAGMENT))
        counts.add((following, storing))
    assert len(counts) == 1


def test_what_is_taken_away_from_a_person_holds_from_the_next_request_on(client, curator, lead, queue):
    client.force_login(curator)
    first = lease_next(reviewer=curator, queue=queue)
    address = at("queue_decide", queue.pk, first.item_id)
    queue.members.set([lead])
    assert client.post(address, form_of(first), **FRAGMENT).status_code == 404
    queue.members.clear()
    curator.groups.clear()
    assert client.post(address, form_of(first), **FRAGMENT).status_code == 403
    curator.is_active = False
    curator.save()
    assert client.post(address, form_of(first), **FRAGMENT).status_code == 302
    assert not Review.objects.exists()


def test_a_suggestion_is_filled_in_and_says_by_whom(client, lead, curator, traces):
    queue = queue_of(lead, traces, suggestions="verdicts")
    client.force_login(curator)
    told = lease_next(reviewer=curator, queue=queue)
    Assignment.objects.filter(pk=told.pk).update(is_control=False)
    page = client.get(at("queue_item", queue.pk, told.item_id)).content.decode()
    assert 'data-decision="accept"' in page
    assert "counts as nobody" in page
    assert page.count("checked") == 1
    Assignment.objects.filter(pk=told.pk).update(is_control=True)
    control = client.get(at("queue_item", queue.pk, told.item_id)).content.decode()
    assert "Suggested" not in control
    assert "checked" not in control
    assert Review.objects.count() == 0


def test_the_end_of_a_campaigns_queue_says_which_one_waited_for_it(client, lead, curator, queue):
    client.force_login(lead)
    campaign = learnt_campaign(lead, curator)
    campaign.generations.filter(number=1, arm="champion").update(queue=queue)
    link = f'<a href="{at("campaign_detail", campaign.pk)}">{campaign.title}</a> waits for it no longer'
    assert link not in client.get(at("queue_next", queue.pk), follow=True).content.decode()
    for item in queue.items.all():
        decide(lead, item)
    assert link in client.get(at("queue_next", queue.pk)).content.decode()
