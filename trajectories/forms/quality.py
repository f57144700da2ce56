"""Filters of the quality page, and the form that voids somebody's reviews."""

import uuid
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.utils import timezone

from trajectories.forms.plain import PlainForm
from trajectories.models import ProblemSet, Queue
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


class VoidForm(PlainForm):
    """From which day on somebody's decisions count for nothing, and why."""

    since = forms.DateField(label="Decisions from", widget=forms.DateInput(attrs=DATE, format="%Y-%m-%d"))
    reason = forms.CharField(
        label="Why",
        max_length=REASON_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Kept in the record; the reviewer does not see it.",
    )
    key = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)

    def clean_since(self) -> date:
        """A day that has begun."""
        since: date = self.cleaned_data["since"]
        if since > timezone.localdate():
            raise forms.ValidationError(f"Found {since}, expected today or an earlier day.")
        return since

    def moment(self) -> datetime:
        """When that day began; call only on a valid form."""
        return timezone.make_aware(datetime.combine(self.cleaned_data["since"], time.min))
