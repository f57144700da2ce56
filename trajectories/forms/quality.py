"""Filters of the quality page, and the form that voids somebody's reviews."""

import uuid
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.utils import timezone

from trajectories.forms.plain import PlainForm
from trajectories.models import ProblemSet, Queue
from trajectories.selectors.blinding import ADD_REVIEWS
from trajectories.selectors.projects import people_with
from trajectories.selectors.quality import QualityScope

REASON_CHARACTERS = 2_000
DATE = {"type": "date"}


class QualityForm(PlainForm):
    """Which reviews the figures are taken over."""

    problem_set = forms.ModelChoiceField(
        label="Problem set",
        required=False,
        queryset=ProblemSet.objects.order_by("title"),
        empty_label="Every problem set",
    )
    queue = forms.ModelChoiceField(
        required=False, queryset=Queue.objects.order_by("title", "pk"), empty_label="Every queue, and none"
    )
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d"))
    until = forms.DateField(label="Until", required=False, widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d"))

    def clean(self) -> dict[str, Any]:
        """A period has a beginning before its end."""
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", f"Found {until}, expected {since} or a later day.")
        return cleaned

    def scope(self) -> QualityScope:
        """The scope of a valid form; that of everything where a filter makes no sense."""
        if not self.is_valid():
            return QualityScope()
        chosen, queue = self.cleaned_data["problem_set"], self.cleaned_data["queue"]
        return QualityScope(
            problem_set=chosen.pk if chosen else None,
            since=self.cleaned_data["since"],
            until=self.cleaned_data["until"],
            queue=queue.pk if queue else None,
        )


def _people() -> "forms.ModelMultipleChoiceField[User]":
    return forms.ModelMultipleChoiceField(
        User.objects.none(), label="To whom", required=False, widget=forms.CheckboxSelectMultiple
    )


def _offer(form: forms.Form, name: str) -> None:
    """Offer everybody who may review in a field made by `_people`."""
    field = form.fields[name]
    assert isinstance(field, forms.ModelMultipleChoiceField)
    field.queryset = people_with(ADD_REVIEWS)


class VoidForm(PlainForm):
    """From which day on somebody's decisions count for nothing, why, and who decides instead."""

    since = forms.DateField(label="Decisions from", widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d"))
    in_queue = forms.ModelChoiceField(
        label="In", required=False, queryset=Queue.objects.order_by("title", "pk"), empty_label="every queue, and none"
    )
    reason = forms.CharField(
        label="Why",
        max_length=REASON_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Kept in the record; the reviewer does not see it.",
    )
    again = forms.ChoiceField(
        label="Their items of queues",
        required=False,
        choices=[
            ("", "Open again, for whoever is next, themselves included"),
            ("anybody", "Open again, for whoever else is next"),
            ("people", "Open again, for those chosen below"),
        ],
    )
    to = _people()
    key = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        _offer(self, "to")

    def clean(self) -> dict[str, Any]:
        """Who is chosen is meant, and where somebody is meant they are chosen."""
        cleaned = super().clean() or {}
        chosen, again = cleaned.get("to"), cleaned.get("again", "")
        if again == "people" and not chosen:
            self.add_error("to", "Found nobody, expected at least one person who decides again.")
        if again != "people" and chosen:
            self.add_error("to", "Found people, but their items are not opened for those chosen; expected nobody.")
        return cleaned

    def clean_since(self) -> date:
        """A day that has begun."""
        since: date = self.cleaned_data["since"]
        if since > timezone.localdate():
            raise forms.ValidationError(f"Found {since}, expected today or an earlier day.")
        return since

    def moment(self) -> datetime:
        """When that day began; call only on a valid form."""
        return timezone.make_aware(datetime.combine(self.cleaned_data["since"], time.min))


class ReassignForm(PlainForm):
    """Whose turn it is instead, at the items of one queue that somebody has not decided."""

    from_queue = forms.ModelChoiceField(label="Queue", queryset=Queue.objects.order_by("title", "pk"))
    to = _people()

    def __init__(self, *arguments: Any, reviewer: User, **options: Any) -> None:
        super().__init__(*arguments, **options)
        _offer(self, "to")
        self.reviewer = reviewer

    def clean_to(self) -> Any:
        """Others than the one from whom they are taken."""
        chosen = self.cleaned_data["to"]
        if any(person.pk == self.reviewer.pk for person in chosen):
            raise forms.ValidationError(f"Found {self.reviewer.username}, expected others to give their items to.")
        return chosen
