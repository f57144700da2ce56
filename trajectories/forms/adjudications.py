"""The form of a final decision."""

import uuid
from typing import Any

from django import forms

from trajectories.core.curation.adjudications import FinalDecision, FinalDraft
from trajectories.core.curation.reviews import COMMENT_CHARACTERS, REJECTION_REASONS
from trajectories.forms.plain import PlainForm
from trajectories.forms.reviews import REASON_KEYS
from trajectories.services.curation.adjudications import Known


class AdjudicationForm(PlainForm):
    """Accept, reject with a reason (each reason is a button of its own), or reopen.

    `review` and `adjudication` are the newest ones that the page knows of, 0 for none.
    """

    decision = forms.CharField(
        max_length=60, error_messages={"required": "Found nothing, expected a word: press a to accept, x to reject."}
    )
    comment = forms.CharField(
        required=False, max_length=COMMENT_CHARACTERS, widget=forms.Textarea(attrs={"rows": 2, "data-key": "c"})
    )
    key = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)
    review = forms.IntegerField(min_value=0, max_value=2**63 - 1, widget=forms.HiddenInput)
    adjudication = forms.IntegerField(min_value=0, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, given: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.given = given

    def reasons(self) -> list[tuple[str, str, str]]:
        """(key, code, title) of every reason, with those that only this trace's reviewers gave at the end."""
        own = [reason for reason in self.given if reason not in REJECTION_REASONS]
        shipped = [(REASON_KEYS[code], code, title) for code, title in REJECTION_REASONS.items()]
        return [*shipped, *((str(number), reason, reason) for number, reason in enumerate(own[:9], 1))]

    def clean_decision(self) -> str:
        """A word, with the reason after a colon where it is a rejection."""
        decision = str(self.cleaned_data["decision"])
        if decision.partition(":")[0] not in tuple(FinalDecision):
            raise forms.ValidationError(f"Found {decision[:40]!r}, expected accept, reject or reopen.")
        return decision

    def draft(self) -> FinalDraft:
        """The draft in the form; call only on a valid form."""
        decision, _, reason = self.cleaned_data["decision"].partition(":")
        return FinalDraft(FinalDecision(decision), reason, self.cleaned_data["comment"])

    def known(self) -> Known:
        """What the page knew when it was made; call only on a valid form."""
        return Known(self.cleaned_data["review"], self.cleaned_data["adjudication"])
