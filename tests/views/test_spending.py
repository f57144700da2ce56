"""The page of daily spending: its figures, its limits, and who may do what."""

import csv
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tests import factories
from tests.projects import another_project, member
from trajectories.adapters.acting import FIRST, acting_in
from trajectories.models import Project, SpendDay, SpendLimit
from trajectories.selectors.spending import get_forecast, get_spending, today_utc

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin_user(db):
    return User.objects.create_superuser("root")


def day(back=0, **values):
    sampler = values.pop("sampler", None) or factories.make_sampler(kind="chat")
    fields = {"kind": "run", "calls": 2, "cost": Decimal("1.5"), "input_tokens": 10, "output_tokens": 5, **values}
    return SpendDay.objects.create(day=today_utc() - timedelta(days=back), sampler=sampler, **fields)


def test_spending_is_told_apart_by_sampler_over_its_versions_person_and_kind(client, lead):
    first = factories.make_sampler(name="m", title="Old", kind="chat")
    newer = factories.make_sampler(name="m", title="New", kind="chat", version=2)
    day(sampler=first, person=lead)
    day(1, sampler=newer)
    day(1, sampler=newer, kind="judge_job", cost=0, unpriced=2)
    day(31, sampler=first)
    by = {group: get_spending(days=30, group=group) for group in ("sampler", "person", "kind")}
    assert by["sampler"].groups == {"m": "New"}
    assert by["person"].groups == {str(lead.pk): lead.username, "": "nobody (commands)"}
    assert by["kind"].groups == {"run": "Run", "judge_job": "Model judge"}
    for found in by.values():
        assert (found.total.cost, found.total.calls, found.total.unpriced, found.total.tokens) == (3, 6, 2, 45)
        assert sum(found.of_group(key).cost for key in found.groups) == 3
    client.force_login(lead)
    page = client.get(reverse("spending"), {"group": "kind", "days": "7"}).content.decode()
    assert "Model judge" in page
    assert "No limit is set" in page
    assert client.get(reverse("spending"), {"group": "x", "days": "9"}).status_code == 200
    table = b"".join(client.get(reverse("spending"), {"format": "csv", "days": "90"})).decode()
    rows = list(csv.DictReader(table.splitlines()))
    assert sum(float(row["Spent"]) for row in rows) == 4.5


def test_the_forecast_is_plain_arithmetic():
    for back in range(8):
        day(back, cost=Decimal(back or 100))
    found = get_forecast()
    assert found.today == 100
    assert found.week_mean == Decimal(28) / 7
    today = today_utc()
    so_far = sum(Decimal(back or 100) for back in range(8) if back < today.day)
    following = (today.replace(day=28) + timedelta(days=4)).replace(day=1)
    assert found.month_so_far == so_far
    assert found.month == so_far + ((following - today).days - 1) * 4


def test_an_admin_sets_changes_and_lifts_limits(client, admin_user, lead):
    sampler = factories.make_sampler(kind="chat", title="A model")
    client.force_login(admin_user)
    for subject in ("all", f"sampler:{sampler.name}", f"person:{lead.pk}"):
        assert client.post(reverse("spend_limit_set"), {"subject": subject, "amount": "5"}).status_code == 302
    assert client.post(reverse("spend_limit_set"), {"subject": "all", "amount": "2.5"}).status_code == 302
    assert sorted(SpendLimit.objects.values_list("scope", "amount")) == [
        ("all", Decimal("2.5")), ("person", 5), ("sampler", 5),
    ]  # fmt: skip
    day(sampler=sampler, cost=Decimal("2.2"))
    page = client.get(reverse("spending")).content.decode()
    assert "All jobs" in page
    assert "$2.20" in page
    assert "are spent today" in page
    limit = SpendLimit.objects.get(scope="all")
    assert client.post(reverse("spend_limit_lift", args=[limit.pk])).status_code == 302
    assert client.post(reverse("spend_limit_lift", args=[limit.pk])).status_code == 302, "twice is once"
    assert SpendLimit.objects.count() == 2


def test_a_limit_that_is_none_is_refused_and_changes_nothing(client, admin_user):
    client.force_login(admin_user)
    for data in ({"subject": "all", "amount": "-1"}, {"subject": "person:9999", "amount": "1"}, {"subject": "all"}):
        answer = client.post(reverse("spend_limit_set"), data)
        assert answer.status_code == 422, data
        assert "expected" in answer.content.decode()
    assert not SpendLimit.objects.exists()


def test_leads_look_and_only_admins_set(client, lead, curator, engineer, nobody, admin_user):
    limit = SpendLimit.objects.create(scope="all", amount=1)
    setting = (reverse("spend_limit_set"), {"subject": "all", "amount": "9"})
    lifting = (reverse("spend_limit_lift", args=[limit.pk]), {})
    for person, sees in ((lead, True), (curator, False), (engineer, False), (nobody, False)):
        client.force_login(person)
        assert client.get(reverse("spending")).status_code == (200 if sees else 403), person
        assert (reverse("spending") in client.get(reverse("home")).content.decode()) is sees
        for address, data in (setting, lifting):
            assert client.post(address, data).status_code == 403
    client.force_login(admin_user)
    for address, _ in (setting, lifting):
        assert client.get(address).status_code == 405
    assert SpendLimit.objects.get().amount == 1


def test_superusers_see_what_each_project_spent_and_admins_of_one_do_not(client, admin_user, lead):
    day(cost=Decimal("1.5"))
    client.force_login(admin_user)
    assert "By project" not in client.get(reverse("spending")).content.decode(), "there is one only"
    project = another_project()
    with acting_in(project.pk):
        day(cost=Decimal(4), sampler=factories.make_sampler(kind="chat"))
        day(1, cost=Decimal("0.5"), sampler=factories.make_sampler(name="n", kind="chat"), kind="judge_job")
    page = client.get(reverse("spending"), {"group": "project"}).content.decode()
    assert "By project" in page
    found = get_spending(days=30, group="project")
    first = Project.objects.get(pk=FIRST)
    assert list(found.groups.values()) == ["Other project", first.title]
    assert [found.of_group(key).cost for key in found.groups] == [Decimal("4.5"), Decimal("1.5")]
    assert (found.total.cost, found.total.calls) == (6, 6)
    for title in found.groups.values():
        assert f"<td>{title}</td>" in page
    lines = client.get(reverse("spending"), {"group": "project", "format": "csv"}).getvalue().decode()
    assert {row["Project"] for row in csv.DictReader(lines.splitlines())} == set(found.groups.values())
    boss = member(project, "bo", "admin")
    client.force_login(boss)
    client.post(reverse("project_switch"), {"project": project.pk})
    page = client.get(reverse("spending"), {"group": "project"}).content.decode()
    assert "By project" not in page
    assert first.title not in page
