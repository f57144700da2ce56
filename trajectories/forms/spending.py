"""The forms of daily spending: which days are looked at, and what a day may take."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import User

from trajectories.forms.plain import PlainForm
from trajectories.models import Sampler, SpendLimit
from trajectories.selectors.projects import choices_of, people_here
from trajectories.selectors.spending import GROUPS, PROJECT, SPANS
from trajectories.services.spending.limits import MOST

ALL = SpendLimit.Scope.ALL.value
CEILINGS = {
    SpendLimit.Scope.CEILING.value: "All jobs, as a ceiling",
    SpendLimit.Scope.TOGETHER.value: "All projects together",
}


def ceilings_for(person: User) -> list[str]:
    """The ceilings that somebody sets: superusers alone, and that of all projects where there are several."""
    if not person.is_superuser:
        return []
    several = len(choices_of(person)) > 1
    return [SpendLimit.Scope.CEILING.value, *([SpendLimit.Scope.TOGETHER.value] if several else [])]


class SpendingForm(PlainForm):
    """Days, and by what they are told apart; what is no choice counts as not chosen. By project is a choice for who
    `sees_projects`."""

    days = forms.TypedChoiceField(choices=[(str(days), f"{days} days") for days in SPANS], coerce=int, required=False)
    group = forms.ChoiceField(required=False)

    def __init__(self, *arguments: Any, sees_projects: bool, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.groups = {word: title for word, title in GROUPS.items() if sees_projects or word != PROJECT}
        self.fields["group"].choices = list(self.groups.items())  # type: ignore[attr-defined]

    @property
    def span(self) -> int:
        """How many days."""
        return int(self.cleaned_data.get("days") or 30) if self.is_bound and self.is_valid() else 30

    @property
    def grouping(self) -> str:
        """By what."""
        return str(self.cleaned_data.get("group") or "sampler") if self.is_bound and self.is_valid() else "sampler"


class SpendLimitForm(PlainForm):
    """What a limit holds for, in one field ("all", "sampler:NAME", "person:ID"), and how much it is."""

    subject = forms.ChoiceField(label="Limit for")
    amount = forms.DecimalField(min_value=Decimal(0), max_value=MOST, max_digits=14, decimal_places=6)

    def __init__(self, *arguments: Any, ceilings: Sequence[str] = (), **named: Any) -> None:
        """`ceilings` are the scopes of those that the person may set."""
        super().__init__(*arguments, **named)
        self.fields["amount"].label = f"At most a day, {settings.CURRENCY}"
        samplers = Sampler.objects.filter(kind=Sampler.Kind.CHAT).order_by("name", "-version").distinct("name")
        people = people_here()
        above = [(scope, CEILINGS[scope]) for scope in ceilings]
        self.fields["subject"].choices = [  # type: ignore[attr-defined]
            (ALL, "All jobs"),
            *([("Set by superusers alone", above)] if above else []),
            ("Samplers", [(f"sampler:{sampler.name}", sampler.title) for sampler in samplers]),
            ("Jobs of a person", [(f"person:{person.pk}", person.username) for person in people]),
        ]

    def limited(self) -> dict[str, Any]:
        """What services.spending.limits.set_limit takes; the form is valid."""
        scope, _, key = self.cleaned_data["subject"].partition(":")
        return {
            "scope": scope,
            "sampler_name": key if scope == SpendLimit.Scope.SAMPLER else "",
            "person": User.objects.get(pk=key) if scope == SpendLimit.Scope.PERSON else None,
            "amount": self.cleaned_data["amount"],
        }
