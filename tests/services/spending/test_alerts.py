"""Warnings of daily limits: once a day, limit and level, and by e-mail where there is a server."""

import smtplib
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.urls import reverse

from tests import factories
from trajectories.core.records import Usage
from trajectories.models import SpendAlert
from trajectories.services.spending import alerts
from trajectories.services.spending.ledger import Payer, book
from trajectories.services.spending.limits import set_limit
from trajectories.tasks.spending import sweep_spending

pytestmark = pytest.mark.django_db


def spend(cost, person=None):
    sampler = factories.make_sampler(kind="chat")
    book(payer=Payer("run", 1, sampler.pk, person and person.pk), usage=Usage(1, 0, 0, 1), cost=Decimal(cost))


def test_each_level_is_noted_once_and_mailed_to_who_may_set_it(lead, client, settings):
    settings.EMAIL_HOST = "mail.test"
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
    assert "the daily limit of the jobs of lena is nearly spent" in message.subject
    client.force_login(lead)
    assert "Look at the daily limit of the jobs of lena" in client.get(reverse("home")).content.decode()
    spend("5", lead)
    sweep_spending()
    assert set(SpendAlert.objects.values_list("level", flat=True)) == {"warning", "reached"}
    assert len(mail.outbox) == 2


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
