"""Telling people that a daily limit is nearly spent, or that jobs wait for it.

The event is a row, models.SpendAlert, written once a day, limit, level and amount; whatever tells people is made from
it.
"""

import logging
from collections.abc import Sequence
from datetime import date

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from trajectories.adapters.acting import acting_project
from trajectories.models import Project, SpendAlert
from trajectories.selectors.projects import open_projects, people_with
from trajectories.selectors.spending import LimitStanding, in_flight, list_standings, today_utc
from trajectories.services.jobs.outbox import Kind, announce
from trajectories.services.spending.words import in_money

logger = logging.getLogger(__name__)


def note_alerts() -> list[SpendAlert]:
    """Write down which limits are nearly spent or reached; those that nobody had written down before."""
    day = today_utc()
    noted = (_note(standing, day) for standing in list_standings(own=True) if standing.level)
    return [alert for alert in noted if alert is not None]


@transaction.atomic
def _note(standing: LimitStanding, day: date) -> SpendAlert | None:
    """Write one alert down, and tell webhooks of it; None where somebody has."""
    alert, is_new = SpendAlert.objects.get_or_create(
        day=day,
        limit=standing.limit,
        level=standing.level,
        amount=standing.limit.amount,
        defaults={"spent": standing.spent},
    )
    if not is_new:
        return None
    told = {"id": alert.pk, "limit": standing.limit.subject, "level": standing.level, "day": day.isoformat()}
    sums = {"amount": f"{alert.amount:f}", "spent": f"{alert.spent:f}", "currency": str(settings.CURRENCY)}
    announce(Kind.BUDGET_LOW, {**told, **sums, "page": reverse("spending")})
    return alert


def mail_alerts() -> int:
    """Send an e-mail for each alert of today that none was sent for, where an e-mail server is configured; how many.

    Each is sent once: it is marked before, and a fault of the server is kept with the alert.
    """
    if not settings.EMAIL_HOST:
        return 0
    sent = 0
    waiting = SpendAlert.objects.filter(day=today_utc(), mailed_at=None).select_related("limit__person")
    for alert in waiting.order_by("pk"):
        if not SpendAlert.objects.filter(pk=alert.pk, mailed_at=None).update(mailed_at=Now()):
            continue
        sent += _mail(alert)
    return sent


def _mail(alert: SpendAlert) -> bool:
    people = _addresses(alert)
    fault = "" if people else "Nobody who may change limits has an e-mail address."
    if people:
        try:
            send_mail(f"{_sender()}: {_sentence(alert)}", _text(alert), None, people)
        except OSError as error:  # smtplib's errors are among them
            fault = f"The e-mail server refused: {error}"[:500]
            logger.warning("An alert about a daily limit could not be mailed: %s", error)
    if fault:
        SpendAlert.objects.filter(pk=alert.pk).update(mail_fault=fault)
    return not fault


def _addresses(alert: SpendAlert) -> Sequence[str]:
    """Whoever may set the limit, and the person whose limit it is."""
    setters = Q(pk__in=people_with("trajectories.change_spendlimit").values("pk"))
    told = Q(is_superuser=True) if alert.limit.is_together else setters
    if alert.limit.person_id is not None:
        told |= Q(pk=alert.limit.person_id)
    people = User.objects.filter(told, is_active=True).exclude(email="")
    return sorted(set(people.values_list("email", flat=True)))


def _sender() -> str:
    """Who writes: the product, and for which project where there are several."""
    several = len(open_projects()) > 1
    return f"Minicolumn, {Project.objects.get(pk=acting_project()).title}" if several else "Minicolumn"


def _sentence(alert: SpendAlert) -> str:
    return f"the daily limit of {alert.limit.subject} is {alert.get_level_display()}"


def _text(alert: SpendAlert) -> str:
    flying = in_flight(alert.limit)
    more = f"; what is in flight now may cost up to {in_money(flying)} more" if flying else ""
    site = next(iter(settings.CSRF_TRUSTED_ORIGINS), "")
    after = (
        "Jobs whose next call does not fit are paused; they go on by themselves after midnight UTC, or once the limit "
        "is raised."
    )
    return (
        f"{in_money(alert.spent)} of {in_money(alert.amount)} were spent on {alert.day} (UTC) when this was noticed"
        f"{more}.\n\n{after}\n\nLimits, and the jobs that wait for them: {site}{reverse('spending')}\n"
    )
