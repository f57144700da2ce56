"""The decision form of the trace page, and undo."""

import json
import uuid
from typing import Any, cast

from django import forms
from django.http import QueryDict

from trajectories.core.curation.reviews import (
    COMMENT_CHARACTERS,
    REJECTION_REASONS,
    Decision,
    ReviewDraft,
    ReviewError,
    settle_first_error,
)
from trajectories.forms.leases import LeasedForm
from trajectories.forms.plain import PlainForm
from trajectories.services.curation.reviews import Opened

REASON_KEYS = {
    "wrong_answer": "w",
    "wrong_reasoning": "i",
    "lucky": "l",
    "hard_coded": "h",
    "unclear": "f",
    "incomplete": "t",
    "too_long": "v",
    "other": "o",
}
"""One key rejects with its reason."""

LABELS_CHARACTERS = 100_000
LONGEST_LOOK = 24 * 3600.0


class ReviewForm(LeasedForm):
    """One person's review of a trace. `key` is made with the form, so that sending it twice is one review.

    With `first_error` the first bad step settles the others. `lease` is the token of the page's lease, `despite` the
    newest review of which the page has told.
    """

    decision = forms.ChoiceField(
        choices=[(Decision.ACCEPT.value, "Accept"), (Decision.REJECT.value, "Reject")],
        widget=forms.RadioSelect,
        error_messages={"required": "Found nothing, expected a word: press a to accept, x to reject."},
    )
    reason = forms.ChoiceField(required=False, choices=list(REJECTION_REASONS.items()), widget=forms.RadioSelect)
    score = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        choices=[(score, str(score)) for score in range(1, 6)],
        widget=forms.RadioSelect,
    )
    comment = forms.CharField(
        required=False, max_length=COMMENT_CHARACTERS, widget=forms.Textarea(attrs={"rows": 2, "data-key": "c"})
    )
    step_labels = forms.CharField(required=False, max_length=LABELS_CHARACTERS, widget=forms.HiddenInput)
    first_error = forms.BooleanField(required=False)
    seconds = forms.FloatField(required=False, min_value=0, max_value=LONGEST_LOOK, widget=forms.HiddenInput)
    key = forms.UUIDField(widget=forms.HiddenInput)
    despite = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, step_count: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.step_count = step_count

    def reasons(self) -> list[tuple[str, str, str]]:
        """(key, code, title) of every reason for rejection."""
        return [(REASON_KEYS[code], code, title) for code, title in REJECTION_REASONS.items()]

    def clean_step_labels(self) -> dict[str, str]:
        """Labels arrive as a JSON object: {"3": "bad"}."""
        try:
            labels = json.loads(self.cleaned_data["step_labels"] or "{}")
        except (ValueError, RecursionError) as fault:
            raise forms.ValidationError("Found something else, expected a JSON object.") from fault
        if not isinstance(labels, dict):
            raise forms.ValidationError("Found something else, expected a JSON object.")
        return labels

    def clean(self) -> dict[str, Any]:
        """Check the draft as a whole, by the rules that hold wherever it comes from."""
        cleaned = super().clean() or {}
        if not self.errors:
            if cleaned["decision"] == Decision.ACCEPT:
                # The list of reasons keeps its choice while hidden; it belongs to rejections only.
                cleaned["reason"] = ""
            try:
                self.check_draft(self.draft())
                if cleaned["first_error"]:
                    cleaned["step_labels"] = settle_first_error(cleaned["step_labels"], self.step_count)
            except ReviewError as fault:
                self.add_fault(fault)
        return cleaned

    def check_draft(self, draft: ReviewDraft) -> None:
        """Raise ReviewError for the first part of a draft that is wrong."""
        draft.check(self.step_count)

    def draft(self) -> ReviewDraft:
        """The draft in the form; call only on a valid form."""
        values = {name: self.cleaned_data[name] for name in ("score", "reason", "comment", "step_labels", "seconds")}
        return ReviewDraft(decision=Decision(self.cleaned_data["decision"]), **values)

    def opened(self) -> Opened:
        """What the page knew when it was made; call only on a valid form."""
        return Opened(self.cleaned_data["lease"], self.cleaned_data["despite"] or 0)

    def tell(self, newest: int) -> None:
        """Let the form that goes back say that its page has told of the review `newest`."""
        data = cast(QueryDict, self.data).copy()
        data["despite"] = str(newest)
        self.data = data


class UndoForm(PlainForm):
    """Undo carries a key too: a key held down takes back one decision."""

    key = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)
