"""The page that edits a trace, and what other pages say of edited ones."""

import re
import uuid

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse

from tests import factories
from tests.queues import item_of, queue_of
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.prompts.repairs import Edits
from trajectories.models import Assignment, Repair, Trace
from trajectories.selectors.traces import get_trace
from trajectories.services.curation.assignments import lease_next
from trajectories.services.curation.reviews import submit_review
from trajectories.services.traces.repairs import RepairDraft, submit_repair, withdraw_repair
from trajectories.services.verification.queue import verify_traces
from trajectories.views import traces

pytestmark = pytest.mark.django_db
WRONG_PROGRAM = "def transform(grid):\n    return grid\n"


@pytest.fixture
def trace(db) -> Trace:
    trace = factories.make_trace(program=WRONG_PROGRAM, answer=None, reasoning="One word.\nAnother word.\n")
    return get_trace(trace.pk)


@pytest.fixture
def other(db) -> User:
    person = User.objects.create_user("zenobia", password="a long enough password")
    person.groups.add(Group.objects.get(name="curator"))
    return person


def address(trace: Trace) -> str:
    return reverse("repair_new", args=[trace.pk])


def words(**values):
    return {"key": str(uuid.uuid4()), "part_0": "One word.\nAnother word.\n", "program": WRONG_PROGRAM, **values}


def edited(trace: Trace, author: User, program: str = factories.FLIP_PROGRAM) -> Trace:
    made = submit_repair(
        author=author, trace=trace, draft=RepairDraft(Edits(program=program), note="quokkas"), key=uuid.uuid4()
    )
    return get_trace(made.trace_id)


def test_every_part_has_its_box_with_the_words_that_stand_there(client, curator, trace):
    client.force_login(curator)
    page = client.get(address(trace)).content.decode()
    assert 'name="part_0"' in page
    assert "One word.\nAnother word.\n</textarea>" in page
    assert "return grid\n</textarea>" in page
    assert "Nothing is changed yet" in page


def test_saving_leads_to_the_new_trace_which_says_what_it_is(client, curator, trace):
    client.force_login(curator)
    response = client.post(address(trace), words(program=factories.FLIP_PROGRAM, note="Not mirrored"), follow=True)
    child = Trace.objects.exclude(pk=trace.pk).get()
    assert response.redirect_chain[-1][0] == reverse("trace_detail", args=[child.pk])
    page = response.content.decode()
    for said in (
        f"Saved as trace {child.pk}",
        "human edit",
        f"trace {trace.pk}</a>",
        "Not mirrored",
        "Not verified yet",
    ):
        assert said in page
    assert "Temperature" not in page
    # The original names what was made of it.
    assert f"trace {child.pk}</a>" in client.get(reverse("trace_detail", args=[trace.pk])).content.decode()
    listed = client.get(reverse("trace_list")).content.decode()
    assert f"Human edit of {trace.pk}" in listed


def test_browsers_line_ends_are_no_edit(client, curator, trace):
    client.force_login(curator)
    sent = {name: text.replace("\n", "\r\n") for name, text in words().items()}
    response = client.post(address(trace), sent)
    assert response.status_code == 422
    assert "Nothing is changed yet" in response.content.decode()
    client.post(address(trace), {**sent, "part_0": "One word.\r\nA third.\r\n"})
    assert Repair.objects.get().trace.reasoning.body == "One word.\nA third.\n"


def test_a_refused_edit_comes_back_with_its_words(client, curator, other, trace):
    client.force_login(curator)
    known = client.get(address(trace)).context["form"]["known"].value()
    edited(trace, other)
    response = client.post(address(trace), words(part_0="My words.", known=known))
    page = response.content.decode()
    assert response.status_code == 422
    assert "Somebody else has repaired this trace" in page
    assert "My words.</textarea>" in page
    assert "zenobia" not in page
    again = client.post(address(trace), words(part_0="My words.", known=response.context["form"]["known"].value()))
    assert again.status_code == 302


def test_the_difference_is_told_word_by_word_and_stores_nothing(client, curator, trace):
    client.force_login(curator)
    sent = words(part_0="One word.\nAnother <b>tale</b>.\n", then="diff")
    for headers in ({}, {"HX-Request": "true"}):
        page = client.post(address(trace), sent, headers=headers).content.decode()
        assert "<del>word.\n</del" in page
        assert "<ins>&lt;b&gt;tale&lt;/b&gt;.\n</ins>" in page
        # Between them the page adds no blank of its own, which would be shown.
        assert re.search(r"<del>word\.\n</del\s*><ins>", page)
        assert ("<html" in page) is not bool(headers)
    assert not Repair.objects.exists()


def test_a_stated_answer_is_edited_as_json_and_a_fault_says_what_was_expected(client, curator):
    trace = factories.make_trace(program="", answer=[[[1]]], run=None)
    client.force_login(curator)
    sent = {"key": str(uuid.uuid4()), "part_0": trace.reasoning.body}
    page = client.post(address(trace), {**sent, "answer": "[[[9, 8"})
    assert page.status_code == 422
    assert "expected a list with one grid for each test input" in page.content.decode()
    assert client.post(address(trace), {**sent, "answer": "[[[9, 8, 7]]]"}).status_code == 302
    child = Repair.objects.get().trace
    verify_traces(trace_ids=[child.pk])
    child.refresh_from_db()
    assert (child.answer, child.correctness) == ([[[9, 8, 7]]], "pass")


def test_verdicts_come_to_a_page_that_waits_for_them(client, curator, trace):
    client.force_login(curator)
    child = edited(trace, curator)
    waiting = reverse("trace_verdicts", args=[child.pk])
    page = client.get(reverse("trace_detail", args=[child.pk])).content.decode()
    assert f'hx-get="{waiting}"' in page
    assert client.get(waiting).status_code == 204
    verify_traces(trace_ids=[child.pk])
    told = client.get(waiting).content.decode()
    assert "Pass" in told
    assert 'id="trace-correctness" hx-swap-oob="true"' in told
    assert "every 2s" not in told


def test_verdicts_that_come_while_a_page_asks_for_them_are_not_missed(client, curator, trace, monkeypatch):
    client.force_login(curator)
    child = edited(trace, curator)
    find = traces.find_trace

    def find_and_be_overtaken(trace_id, *rest):
        found = find(trace_id, *rest)
        verify_traces(trace_ids=[child.pk])
        return found

    waiting = reverse("trace_verdicts", args=[child.pk])
    with monkeypatch.context() as patched:
        patched.setattr(traces, "find_trace", find_and_be_overtaken)
        answer = client.get(waiting)
        # A page that is told "unverified" here would never ask again.
        assert answer.status_code == 204 or "Pass" in answer.content.decode()
    verify_traces(trace_ids=[child.pk])
    assert "Pass" in client.get(waiting).content.decode()


@pytest.mark.parametrize("name", ["repair_new", "repair_withdraw"])
def test_who_may_not_edit_is_refused(client, engineer, nobody, trace, name):
    for person in (engineer, nobody):
        client.force_login(person)
        assert client.post(reverse(name, args=[trace.pk]), words(program="x = 1")).status_code == 403
    assert not Repair.objects.exists()
    client.force_login(engineer)
    assert "repair/" not in client.get(reverse("trace_detail", args=[trace.pk])).content.decode()


def test_withdrawing_leads_back_to_the_original(client, curator, trace):
    client.force_login(curator)
    child = edited(trace, curator)
    assert "Withdraw this edit" in client.get(reverse("trace_detail", args=[child.pk])).content.decode()
    response = client.post(reverse("repair_withdraw", args=[child.pk]), follow=True)
    assert response.redirect_chain[-1][0] == reverse("trace_detail", args=[trace.pk])
    assert "is withdrawn" in response.content.decode()
    page = client.get(reverse("trace_detail", args=[child.pk])).content.decode()
    assert "in no list and no release" in page
    assert "Withdraw this edit" not in page
    assert client.get(address(child)).status_code == 403
    assert client.get(reverse("repair_withdraw", args=[child.pk])).status_code == 405


def test_that_others_edited_a_trace_shows_up_once_ones_own_decision_is_in(client, curator, other, trace):
    child = edited(trace, other)
    withdrawn = edited(trace, other, program="x = 1")
    withdraw_repair(actor=other, trace=withdrawn)
    client.force_login(curator)
    page = reverse("trace_detail", args=[trace.pk])
    before = client.get(page).content.decode()
    for told in ("quokkas", "zenobia", f"trace {child.pk}", f"trace {withdrawn.pk}", "Repairs", "Lineage"):
        assert told not in before
    # The edit itself is work like any other; who made it, and why, is not told.
    of_child = client.get(reverse("trace_detail", args=[child.pk])).content.decode()
    assert "A person" in of_child
    assert "quokkas" not in of_child
    assert "zenobia" not in of_child
    submit_review(reviewer=curator, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    after = client.get(page).content.decode()
    for told in ("zenobia", f"trace {child.pk}</a>", f"trace {withdrawn.pk}</a>", "Repairs", "Lineage"):
        assert told in after


def test_the_page_of_a_long_trace_asks_the_database_little(client, curator, django_assert_max_num_queries):
    trace = factories.make_trace(reasoning="Many words, and then some.\n\n" * 7_500)
    client.force_login(curator)
    client.get(address(trace))
    with django_assert_max_num_queries(9):
        assert client.get(address(trace)).status_code == 200
    sent = {"key": str(uuid.uuid4()), "part_0": trace.reasoning.body + "End.", "then": "diff"}
    with django_assert_max_num_queries(8):
        assert "1 new" in client.post(address(trace), sent, headers={"HX-Request": "true"}).content.decode()


def test_who_edits_from_a_queue_keeps_the_item_meanwhile_and_goes_back_to_it(client, curator, lead, other, trace):
    queue = queue_of(lead, [trace])
    client.force_login(curator)
    item = item_of(queue, trace)
    screen = reverse("queue_item", args=[queue.pk, item.pk])
    page = client.get(screen).content.decode()
    begun = f"{address(trace)}?item={item.pk}"
    assert begun in page
    # Leaving the screen gives its lease back; the page of the edit has one of its own.
    left = Assignment.objects.get(reviewer=curator).token
    page = client.get(begun).content.decode()
    client.post(reverse("review_leases"), {"token": [str(left)], "leave": "1"})
    held = Assignment.objects.get(reviewer=curator)
    assert held.state == "leased"
    assert f'data-token="{held.token}"' in page
    assert f'href="{screen}"' in page
    assert lease_next(reviewer=other, queue=queue) is None
    saved = client.post(begun, words(program=factories.FLIP_PROGRAM))
    assert saved.url == screen
    made = Repair.objects.get().trace
    page = client.get(screen).content.decode()
    assert "You edited it" in page
    assert f"trace {made.pk}</a>" in page
    waiting = f"{reverse('trace_verdicts', args=[made.pk])}?part=correctness"
    assert f'hx-get="{waiting}"' in page
    assert client.get(waiting).status_code == 204
    verify_traces(trace_ids=[made.pk])
    assert "Pass" in client.get(waiting).content.decode()
    assert waiting not in client.get(screen).content.decode()
    withdraw_repair(actor=curator, trace=get_trace(made.pk))
    assert "You edited it" not in client.get(screen).content.decode()


def test_an_item_of_another_trace_or_of_a_queue_that_is_not_ones_own_leads_nowhere(client, curator, lead, other, trace):
    foreign = item_of(queue_of(lead, [trace], members=(other,)), trace)
    elsewhere = factories.make_trace(reasoning="Elsewhere.")
    wrong = item_of(queue_of(lead, [elsewhere]), elsewhere)
    client.force_login(curator)
    for key in (foreign.pk, wrong.pk, 10**9, "x"):
        page = client.get(f"{address(trace)}?item={key}")
        assert page.status_code == 200
        assert "data-token" not in page.content.decode()
    assert not Assignment.objects.exclude(reviewer=None).exists()
    saved = client.post(f"{address(trace)}?item={foreign.pk}", words(program=factories.FLIP_PROGRAM))
    assert saved.url == reverse("trace_detail", args=[Repair.objects.get().trace_id])
