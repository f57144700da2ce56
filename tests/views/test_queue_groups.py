"""The screen of all samples of a problem: what is on it, what is hidden, and that it works without scripts."""

import re
import uuid

import pytest
from django.urls import reverse

from tests import factories
from tests.queues import decide, item_of, make_traces, queue_of
from trajectories.core.curation.schemas import Blinding
from trajectories.core.identity import content_hash
from trajectories.models import Assignment, Queue, QueueSkip, Review, Trace
from trajectories.services.curation.group_leases import lease_next_group

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def some(db) -> list[Trace]:
    """Five samples: three that answer 12, two of them right, one with more training pairs, and two that answer 13."""
    problem = factories.make_problem(kind="numeric", spec={}, statement="How many?", reference="12")
    run = factories.make_run()
    rows = [("12", "pass", 1), ("12", "pass", 2), ("12", "fail", 0), ("13", "fail", 0), ("13", "fail", 0)]
    return [
        factories.make_trace(
            run=run,
            problem=problem,
            answer=answer,
            answer_hash=content_hash(answer),
            correctness=outcome,
            train_passed=pairs,
            train_total=2,
            output_tokens=100 - number,
            reasoning=f"Thought {number}.",
            steps=[],
        )
        for number, (answer, outcome, pairs) in enumerate(rows)
    ]


@pytest.fixture
def queue(lead, some) -> Queue:
    return queue_of(lead, some, by_problem=True)


@pytest.fixture
def page(client, curator, queue, some):
    client.force_login(curator)
    return f"/queues/{queue.pk}/problems/{some[0].problem_id}/"


def sent(queue: Queue, **values) -> dict[str, str]:
    items = queue.items.order_by("pk").values_list("pk", flat=True)
    token = Assignment.objects.filter(queue=queue).values_list("token", flat=True).first()
    listed = ",".join(map(str, items))
    return {"key": str(uuid.uuid4()), "lease": str(token or ""), "samples": listed, "reason": "lucky", **values}


def test_next_leads_to_all_samples_of_a_problem_and_so_does_every_item(client, page, queue, some):
    for address in (
        reverse("queue_next", args=[queue.pk]),
        reverse("queue_group_next", args=[queue.pk]),
        reverse("queue_item", args=[queue.pk, item_of(queue, some[3]).pk]),
    ):
        assert client.get(address, follow=True).redirect_chain[-1][0] == page
    assert Assignment.objects.filter(queue=queue, state="leased").count() == 5


def test_a_problem_that_is_fetched_ahead_is_let_go_of_by_the_name_that_the_page_gave_it(client, page, queue):
    name = uuid.uuid4()
    ahead = {"HX-Request": "true", "X-Ahead": name.hex}
    assert client.get(reverse("queue_group_next", args=[queue.pk]), headers=ahead).status_code == 200
    assert set(Assignment.objects.filter(state="leased").values_list("token", flat=True)) == {name}
    client.post(reverse("review_leases"), {"token": name.hex, "leave": "1"})
    assert not Assignment.objects.filter(state="leased").exists()


def test_one_sample_stands_for_its_answer_and_the_others_come_as_it_is_unfolded(client, page, queue, some):
    html = client.get(page).content.decode()
    assert html.count("data-group-row") == 2
    assert f'value="best:{item_of(queue, some[1]).pk}"' in html
    samples = client.get(f"{page}samples/?answer={some[0].answer_hash}").content.decode()
    shown = re.findall(r'data-name="Trace (\d+)"', samples)
    assert shown == [str(some[at].pk) for at in (1, 0, 2)]
    assert client.get(f"{page}samples/?answer={'0' * 64}").status_code == 404
    # Without scripts a link unfolds it.
    assert client.get(f"{page}?open={some[0].answer_hash}").content.decode().count("data-group-row") == 5
    reading = client.get(reverse("queue_sample", args=[queue.pk, item_of(queue, some[4]).pk]), headers=HTMX)
    assert "Thought 4." in reading.content.decode()


def test_what_the_queue_hides_is_hidden_and_orders_nothing_until_all_is_decided(client, curator, lead, some):
    hides = Blinding(verdicts=True, sampler=True)
    queue = queue_of(lead, some, by_problem=True, blinding=hides)
    client.force_login(curator)
    address = f"/queues/{queue.pk}/problems/{some[0].problem_id}/"
    sampler = some[0].sampler.title if some[0].sampler else "no sampler"

    def seen() -> str:
        parts = [address, f"{address}samples/?answer={some[0].answer_hash}"]
        parts += [reverse("queue_sample", args=[queue.pk, item_of(queue, trace).pk]) for trace in some]
        return "".join(client.get(part, headers=HTMX).content.decode() for part in parts)

    blind = seen()
    # The shortest stands for the others, right or wrong.
    assert f'value="best:{item_of(queue, some[2]).pk}"' in blind
    told = re.findall(r"badge (?:pass|fail)|\d/2 pairs|Expected answer", blind)
    assert told == []
    assert sampler not in blind
    client.post(f"{address}decide/", sent(queue, all_rejected="on", then="stay"))
    assert re.search(r"\d/2 pairs", seen())


def test_what_another_queue_hides_of_one_sample_is_hidden_of_all(client, page, curator, lead, queue, some):
    def seen() -> str:
        parts = [page, f"{page}samples/?answer={some[0].answer_hash}"]
        parts += [reverse("queue_sample", args=[queue.pk, item_of(queue, some[0]).pk])]
        return "".join(client.get(part, headers=HTMX).content.decode() for part in parts)

    told = r"badge (?:pass|fail)|\d/2 pairs|Expected answer"
    assert re.search(told, seen())
    hiding = queue_of(lead, some, title="Another", blinding=Blinding(verdicts=True, sampler=True))
    others = hiding.items.exclude(trace=some[0])
    Assignment.objects.filter(item__in=others).delete()
    others.delete()
    blind = seen()
    assert re.findall(told, blind) == []
    # The shortest stands for the others, right or wrong.
    assert f'value="best:{item_of(queue, some[2]).pk}"' in blind
    client.post(f"{page}decide/", sent(queue, all_rejected="on", then="stay"))
    assert re.findall(told, seen()) == [], "decided here, not there"
    decide(curator, item_of(hiding, some[0]))
    assert re.search(told, seen())


def test_others_words_do_not_show_before_ones_own(client, page, curator, lead, queue, some):
    factories.make_review(trace=some[0], reviewer=lead, decision="reject", reason="lucky", comment="Guessed.")
    before = client.get(page).content.decode()
    assert "Guessed." not in before
    assert "lead" not in before


def test_a_form_without_scripts_keeps_one_and_rejects_the_rest(client, page, queue, some):
    client.get(page)
    best = item_of(queue, some[0]).pk
    form = sent(
        queue, **{f"answer_{some[0].answer_hash}": f"best:{best}", f"why_{some[3].answer_hash}": "wrong_answer"}
    )
    response = client.post(f"{page}decide/", {**form, "then": "next"}, follow=True)
    assert "Every trace has its reviews" in response.content.decode()
    rows = {trace: (word, reason) for trace, word, reason in Review.objects.values_list("trace", "decision", "reason")}
    assert rows == {
        some[0].pk: ("accept", ""),
        **{some[at].pk: ("reject", "lucky") for at in (1, 2)},
        **{some[at].pk: ("reject", "wrong_answer") for at in (3, 4)},
    }


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "Nothing is marked."),
        ({"marks": "x"}, "expected marks like 12:keep,14:reject"),
        ({"samples": "1,x"}, "expected the numbers of at most 200 samples"),
        ({"samples": ""}, "Found nothing"),
        ({"answer_" + "0" * 64: "maybe"}, "expected best, keep or reject"),
        ({"item_5": "maybe"}, "expected best, keep or reject"),
        ({"answer_" + "0" * 64: "keep", "why_" + "0" * 64: "bored"}, "expected one from the list"),
        ({"key": "x"}, "expected the key that the page came with"),
        ({"reason": "bored", "all_rejected": "on"}, "Found &#x27;bored&#x27;"),
        ({"reason": "", "all_rejected": "on"}, "a rejection needs one"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence_and_nothing_is_stored(client, page, queue, values, said):
    client.get(page)
    for headers in (HTMX, {}):
        response = client.post(f"{page}decide/", sent(queue, **values), headers=headers)
        assert response.status_code == 422
        assert said in response.content.decode()
    behind = client.post(f"{page}decide/", sent(queue, **values, then="behind"), headers=HTMX)
    assert (behind.status_code, behind.headers["Content-Type"][:10]) == (422, "text/plain")
    assert not Review.objects.exists()


def test_a_refused_form_comes_back_as_it_was_marked(client, page, queue, some):
    client.get(page)
    values = {f"answer_{some[0].answer_hash}": "keep", "reason": "", "comment": "Words."}
    html = client.post(f"{page}decide/", sent(queue, **values)).content.decode()
    assert re.search(r'value="keep"\s+data-mark="keep" checked', html)
    assert "Words." in html


def test_a_form_about_samples_that_others_have_is_refused_with_a_summary(client, page, lead, queue, some):
    lease_next_group(reviewer=lead, queue=queue)
    response = client.post(reverse("queue_group_decide", args=[queue.pk, some[0].problem_id]), sent(queue))
    assert response.status_code == 422
    summary = re.search(r"<div[^>]*data-faults>.*?</ul>", response.content.decode(), re.DOTALL)
    assert summary is not None
    assert "none of its samples is with you" in summary[0]
    assert not Review.objects.exists()


def test_skip_and_undo_are_about_the_whole(client, page, queue):
    client.get(page)
    assert "Only what you skipped is left" in client.post(f"{page}skip/", {"skip_reason": "unsure"}).content.decode()
    assert QueueSkip.objects.filter(reason="unsure").count() == 5
    client.get(reverse("queue_next", args=[queue.pk]) + "?skipped=1", follow=True)
    client.post(f"{page}decide/", sent(queue, all_rejected="on"))
    assert Review.objects.count() == 5
    undo = reverse("queue_group_undo", args=[queue.pk])
    response = client.post(undo, {"key": str(uuid.uuid4())}, headers=HTMX)
    assert "Your decisions on 5 samples are undone." in response.content.decode()
    assert response.headers["HX-Push-Url"] == page
    nothing = client.post(undo, {"key": str(uuid.uuid4())}, headers=HTMX)
    assert "There is no decision of yours to undo" in nothing.content.decode()


def test_items_are_not_decided_alone_in_a_queue_by_problem_nor_together_in_another(client, page, lead, queue, some):
    item = item_of(queue, some[0]).pk
    for name in ("queue_decide", "queue_skip"):
        assert client.post(reverse(name, args=[queue.pk, item]), {}).status_code == 404
    assert client.post(reverse("queue_undo", args=[queue.pk]), {}).status_code == 404
    single = queue_of(lead, some)
    assert client.get(f"/queues/{single.pk}/problems/{some[0].problem_id}/").status_code == 404


def test_samples_that_are_not_on_ones_screen_are_not_to_be_read(client, page, lead, queue, some):
    item = item_of(queue, some[0]).pk
    assert client.get(reverse("queue_sample", args=[queue.pk, item])).status_code == 404
    client.get(page)
    assert client.get(reverse("queue_sample", args=[queue.pk, item])).status_code == 200


def test_the_number_of_queries_does_not_depend_on_that_of_the_samples(
    client, curator, lead, django_assert_max_num_queries
):
    big = queue_of(lead, make_traces(100), by_problem=True)
    client.force_login(curator)
    client.get(reverse("queue_next", args=[big.pk]))
    problem = big.items.select_related("trace").first().trace.problem_id
    with django_assert_max_num_queries(45):
        assert client.get(f"/queues/{big.pk}/problems/{problem}/").status_code == 200


def test_a_queue_by_problem_is_made_from_the_form(client, lead, some):
    client.force_login(lead)
    form = {
        "title": "Best of each", "item_order": "problem", "by_problem": "on", "reviews_each": 1, "doubled_percent": 0,
        "steps": "off", "gold_count": 0, "training_count": 0, "gold_every": 0, "hide_reviews": "on",
        "reasons": "Wrong answer\nNot the best sample",
    }  # fmt: skip
    response = client.post(reverse("queue_new") + f"?run={some[0].run_id}", form, follow=True)
    queue = Queue.objects.get(title="Best of each")
    assert queue.by_problem
    assert "all samples of a problem at once" in response.content.decode()
    refused = client.post(reverse("queue_new"), {**form, "scores": "Clarity"})
    assert refused.status_code == 422
    assert "expected none where all samples of a problem come at once" in refused.content.decode()
