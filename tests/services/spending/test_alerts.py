"""Warnings of daily limits: once a day, limit and level, and by e-mail where there is a server."""

import smtplib
import uuid
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from tests import factories
from trajectories.adapters.acting import FIRST, acting_in
from trajectories.core.records import Usage
from trajectories.models import Project, SpendAlert, SpendHold
from trajectories.selectors.spending import list_standings
from trajectories.services.projects.making import make_project
from trajectories.services.projects.members import set_role
from trajectories.services.spending import alerts
from trajectories.services.spending.ledger import Payer, book
from trajectories.services.spending.limits import set_limit
from trajectories.services.spending.waiting import wait_for_room
from trajectories.tasks.spending import sweep_spending

pytestmark = pytest.mark.django_db


def spend(cost, person=None):
    sampler = factories.make_sampler(kind="chat")
    book(payer=Payer("run", 1, sampler.pk, person and person.pk), usage=Usage(1, 0, 0, 1), cost=Decimal(cost))


def test_each_level_is_noted_once_and_mailed_to_who_may_set_it(lead, client, settings):
    settings.EMAIL_HOST, settings.CSRF_TRUSTED_ORIGINS = "mail.test", ["https://minicolumn.test"]
    admin = User.objects.create_superuser("root", email="root@example.org")
    lead.email = "lead@example.org"
    lead.save()
    set_limit(actor=admin, scope="person", person=lead, amount=Decimal(10))
    spend("7.9", lead)
    sweep_spending()
    assert not SpendAlert.objects.exists()
    spend("0.1", lead)
    sweep_spending()
    sweep_spending()
    (alert,) = SpendAlert.objects.all()
    assert (alert.level, alert.spent, alert.amount) == ("warning", 8, 10)
    (message,) = mail.outbox
    assert message.to == ["lead@example.org", "root@example.org"]
    assert message.subject == "Minicolumn: the daily limit of the jobs of lena is nearly spent"
    assert message.body.startswith("$8.00 of $10.00 were spent on ")
    assert message.body.endswith("https://minicolumn.test/spend/\n")
    client.force_login(lead)
    assert "Look at the daily limit of the jobs of lena" in client.get(reverse("home")).content.decode()
    spend("5", lead)
    sweep_spending()
    assert set(SpendAlert.objects.values_list("level", flat=True)) == {"warning", "reached"}
    assert len(mail.outbox) == 2


def test_a_limit_is_reached_once_a_job_waits_for_it_and_a_raised_one_tells_again(lead):
    sampler = factories.make_sampler(kind="chat")
    limit = set_limit(actor=lead, scope="all", amount=Decimal(10))
    spend("9")
    run = factories.make_run(sampler=sampler, state="paused", state_reason="no room", created_by=lead)
    payer = Payer("run", run.pk, sampler.pk, lead.pk)
    wait_for_room(payer=payer, cost=Decimal("0.5"), reason="no room")
    assert [(each.level, each.waiting) for each in list_standings()] == [("warning", 0)], "it fits, and goes on at once"
    wait_for_room(payer=payer, cost=Decimal(2), reason="no room")
    sweep_spending()
    (alert,) = SpendAlert.objects.all()
    assert (alert.level, alert.spent, alert.amount) == ("reached", 9, 10)
    run.state_reason = "somebody paused it"
    run.save()
    assert [each.level for each in list_standings()] == ["warning"], "nobody waits"
    run.state_reason = "no room"
    run.save()
    set_limit(actor=lead, scope="all", amount=Decimal("10.5"))
    sweep_spending()
    sweep_spending()
    told = SpendAlert.objects.order_by("pk").values_list("limit", "level", "amount")
    assert list(told) == [(limit.pk, "reached", 10), (limit.pk, "reached", Decimal("10.5"))]


def test_a_limit_that_is_full_of_what_is_in_flight_is_not_reached_while_another_keeps_the_job(lead):
    """A batch at its provider filled the limit of a person: that was told as reached, with half of it spent."""
    sampler = factories.make_sampler(kind="chat")
    set_limit(actor=lead, scope="all", amount=Decimal(1))
    mine = set_limit(actor=lead, scope="sampler", sampler_name=sampler.name, amount=Decimal("0.5"))
    book(payer=Payer("run", 1, sampler.pk, None), usage=Usage(1, 0, 0, 1), cost=Decimal("0.4"))
    flying = factories.make_run(sampler=factories.make_sampler(kind="chat"))
    SpendHold.objects.create(kind="run", job_id=flying.pk, sampler_name="x", each=Decimal("0.5"))
    factories.make_attempt(run=flying, state="leased", lease_token=uuid.uuid4(), lease_expires_at=timezone.now())
    run = factories.make_run(sampler=sampler, state="paused", state_reason="no room")
    wait_for_room(payer=Payer("run", run.pk, sampler.pk, None), cost=Decimal("0.2"), reason="no room")
    assert [(each.limit.scope, each.level) for each in list_standings()] == [("all", ""), ("sampler", "reached")]
    mine.delete()
    assert [(each.level, each.waiting) for each in list_standings()] == [("reached", 1)], "nothing else keeps it"


def test_who_may_set_limits_in_the_project_is_told_and_nobody_of_another(lead, settings):
    settings.EMAIL_HOST = "mail.test"
    here, there, looks_on = (
        User.objects.create_user(name, email=f"{name}@example.org") for name in ("here", "there", "looks-on")
    )
    root = User.objects.create_superuser("root", email="root@example.org")
    first = Project.objects.get(pk=FIRST)
    set_role(actor=root, project=first, user=there, role="admin")
    project = make_project(actor=root, name="other", title="Other")
    set_role(actor=root, project=project, user=here, role="admin")
    set_role(actor=root, project=project, user=looks_on, role="lead")
    with acting_in(project.pk):
        set_limit(actor=here, scope="all", amount=Decimal(1))
        spend("1")
        sweep_spending()
    (message,) = mail.outbox
    assert message.to == ["here@example.org", "root@example.org"]
    assert message.subject == "Minicolumn, Other: the daily limit of all jobs is reached"


def test_a_mail_says_what_is_in_flight(settings):
    """A job may wait for what others have in flight, long before so much is spent."""
    settings.EMAIL_HOST = "mail.test"
    User.objects.create_superuser("root", email="root@example.org")
    set_limit(actor=None, scope="all", amount=Decimal(1))
    spend("0.9")
    run = factories.make_run()
    SpendHold.objects.create(kind="run", job_id=run.pk, sampler_name="x", each=Decimal("0.05"))
    factories.make_attempt(run=run, state="leased", lease_token=uuid.uuid4(), lease_expires_at=timezone.now())
    sweep_spending()
    (message,) = mail.outbox
    assert "when this was noticed; what is in flight now may cost up to $0.05 more." in message.body


def test_a_mail_server_that_refuses_is_told_of_and_stops_nothing(lead, settings, monkeypatch):
    settings.EMAIL_HOST = "mail.test"
    User.objects.create_superuser("root", email="root@example.org")

    def refuse(*_arguments):
        raise smtplib.SMTPRecipientsRefused({})

    monkeypatch.setattr(alerts, "send_mail", refuse)
    set_limit(actor=lead, scope="all", amount=Decimal(1))
    spend("1")
    sweep_spending()
    assert "The e-mail server refused" in SpendAlert.objects.get().mail_fault


def test_without_a_server_nothing_is_mailed_and_without_addresses_it_says_so(lead, settings):
    set_limit(actor=lead, scope="all", amount=Decimal(1))
    spend("1")
    sweep_spending()
    assert SpendAlert.objects.get().mailed_at is None
    settings.EMAIL_HOST = "mail.test"
    sweep_spending()
    assert "has an e-mail address" in SpendAlert.objects.get().mail_fault
    assert not mail.outbox
