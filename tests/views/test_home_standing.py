"""Where the loop stands, as the start page says it, and the navigation that leads to every area."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from tests import factories
from tests.generation import waiting_candidate
from tests.queues import make_traces, queue_of
from trajectories.models import PendingVerification, Problem, Queue, Trace
from trajectories.services.releases.freezing import freeze_accepted
from trajectories.templatetags.shell import AREAS, RARE_AREAS
from trajectories.urls import urlpatterns


def places(client: Any, person: User) -> dict[str, Any]:
    client.force_login(person)
    return {place.name: place for place in client.get(reverse("home")).context["standing"]}


def test_a_quiet_loop_needs_no_hand(client, lead):
    factories.make_problem()
    found = places(client, lead)
    assert list(found) == ["references", "runs", "verification", "queues", "disputes", "candidates", "release", "spend"]
    assert not any(place.needs_hand for place in found.values())
    assert "needs-hand" not in client.get(reverse("home")).content.decode()


def test_what_needs_a_hand_comes_first_and_says_why(client, lead):
    factories.make_run(state="paused", title="Night run", state_reason="The budget is spent.")
    factories.make_run(state="running")
    Trace.objects.filter(pk=factories.make_trace().pk).update(disputed=True)
    waiting_candidate()
    found = places(client, lead)
    assert [name for name, place in found.items() if place.needs_hand] == ["runs", "disputes", "candidates"]
    assert list(found)[:3] == ["runs", "disputes", "candidates"]
    assert found["runs"].value == "1, 1 paused"
    assert found["runs"].note == "“Night run”: The budget is spent."
    page = client.get(reverse("home")).content.decode()
    assert page.count("Needs a hand:") == 3
    assert "Night run" in page


def test_references_that_nothing_matched(client, lead):
    for wrong in (3, 4):
        problem = factories.make_problem(kind="numeric", spec={}, statement="1 + 1?", reference="3")
        for _ in range(wrong):
            factories.make_trace(problem=problem, answer="2", correctness="fail", program=None)
    place = places(client, lead)["references"]
    assert (place.value, place.needs_hand) == ("1", True)
    assert client.get(place.address).status_code == 200


def test_traces_that_wait_for_verdicts(client, lead):
    PendingVerification.objects.create(trace=factories.make_trace())
    assert places(client, lead)["verification"].value == "1"


def test_queues_with_what_is_left_and_when_it_is_due(client, lead):
    queue = queue_of(lead, make_traces(3, correctness="pass"))
    today = timezone.localdate()
    Queue.objects.filter(pk=queue.pk).update(due_on=today + timedelta(days=2))
    place = places(client, lead)["queues"]
    assert (place.value, place.needs_hand) == ("3", False)
    assert place.note == f"in 1 open queue, next due on {today + timedelta(days=2):%Y-%m-%d}"
    Queue.objects.filter(pk=queue.pk).update(due_on=today - timedelta(days=1))
    place = places(client, lead)["queues"]
    assert place.needs_hand
    assert place.note == "in 1 open queue, 1 overdue"
    Queue.objects.filter(pk=queue.pk).update(state="closed")
    assert places(client, lead)["queues"].value == "0"


def test_the_newest_release_and_what_came_since(client, lead, settings, tmp_path):
    settings.EXPORT_DIR = tmp_path
    first = factories.make_trace(correctness="pass", decision="accepted")
    factories.make_review(trace=first, reviewer=lead)
    Problem.objects.filter(pk=first.problem_id).update(accepted_count=1)
    assert places(client, lead)["release"].note == "none yet, 1 accepted traces"
    release = freeze_accepted(actor=lead, title="March", key="7f0f8f53-53bd-4e2c-8fa1-6f7a9b3e1c55")
    later = factories.make_trace(correctness="pass", decision="accepted")
    factories.make_review(trace=later, reviewer=lead)
    place = places(client, lead)["release"]
    assert (place.value, place.address) == ("March", reverse("release_detail", args=[release.pk]))
    assert "1 accepted since" in place.note


@pytest.mark.parametrize(
    ("cost", "budget", "value", "needs"),
    [("1.5", "5", "$1.50 of $5.00", False), ("5", "5", "$5.00 of $5.00", True), ("1.5", None, "$1.50", False)],
)
def test_spend_against_budget(client, lead, cost, budget, value, needs):
    factories.make_problem()
    factories.make_run(state="running", cost=Decimal(cost), budget_cost=Decimal(budget) if budget else None)
    factories.make_run(state="finished", cost=Decimal(2), budget_cost=Decimal(100))
    place = places(client, lead)["spend"]
    assert (place.value, place.needs_hand) == (value, needs)
    assert "ever" in place.note


def test_who_sees_less_is_told_less(client, curator):
    factories.make_problem()
    assert not {"disputes", "release"} & set(places(client, curator))


def test_every_place_leads_to_a_page_that_opens(client, lead, curator):
    factories.make_trace()
    for person in (lead, curator):
        for place in places(client, person).values():
            assert client.get(place.address).status_code == 200, place.address


def test_every_list_is_in_the_navigation(admin_client):
    bare = {pattern.name for pattern in urlpatterns if "<" not in str(pattern.pattern)}
    lists = {name for name in bare if name.endswith("_list")} | {"audit_index", "insights", "quality"}
    there = {name for name, _ in AREAS.values()} | {name for areas in RARE_AREAS.values() for _, name in areas}
    # People lead to their projects: who works alone never meets the word.
    assert lists - there == {"project_list"}
    page = admin_client.get(reverse("rubric_list")).content.decode()
    menu = re.search(r'<nav class="menu-panel nav-rare".*?</nav>', page, re.DOTALL)[0]
    assert f'href="{reverse("rubric_list")}" aria-current="page"' in menu
    for areas in RARE_AREAS.values():
        for _, name in areas:
            assert f'href="{reverse(name)}"' in menu, name


def test_the_menu_offers_nobody_what_is_refused(client, curator, nobody):
    client.force_login(curator)
    page = client.get(reverse("home")).content.decode()
    menu = re.search(r'<nav class="menu-panel nav-rare".*?</nav>', page, re.DOTALL)[0]
    assert reverse("audit_index") not in menu
    for link in re.findall(r'href="([^"]+)"', menu):
        assert client.get(link).status_code in (200, 302), link
    client.force_login(nobody)
    assert "nav-rare" not in client.get(reverse("home")).content.decode()
