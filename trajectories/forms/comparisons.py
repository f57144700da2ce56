"""The form of a comparison, and which traces are compared."""

import uuid

from django import forms
from django.http import QueryDict

from trajectories.core.curation.pairing import PairVerdict
from trajectories.forms.plain import PlainForm
from trajectories.selectors.comparisons import MOST_OVERLAP, ComparisonScope

LONGEST_KEY = 18
LONGEST_LOOK = 24 * 3600.0
CHOICES = (
    ("left", "a", "A is better"),
    ("right", "b", "B is better"),
    (PairVerdict.TIE, "t", "Equally good"),
    (PairVerdict.BOTH_BAD, "x", "Both bad"),
)
"""(what is sent, its key, its words); skipping is a button of its own."""


def read_comparison_scope(data: QueryDict) -> ComparisonScope:
    """The scope in an address; what makes no sense counts for nothing."""
    overlap = _whole(data.get("overlap", "")) or 1
    return ComparisonScope(
        _whole(data.get("problem", "")), _whole(data.get("set", "")), min(max(overlap, 1), MOST_OVERLAP)
    )


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_KEY else None


class ComparisonForm(PlainForm):
    """What somebody says of the two traces on their screen. `lease` is the token of their pair."""

    verdict = forms.ChoiceField(
        choices=[*((value, words) for value, _, words in CHOICES), (PairVerdict.SKIP, "Skip")],
        error_messages={"required": "Found nothing, expected a word: press a or b for the better one, t for a tie."},
    )
    lease = forms.UUIDField(widget=forms.HiddenInput)
    key = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)
    seconds = forms.FloatField(required=False, min_value=0, max_value=LONGEST_LOOK, widget=forms.HiddenInput)

    def said(self, *, swapped: bool) -> PairVerdict:
        """What it means for the two traces; `swapped` where the second one stands at the left. Only if valid."""
        verdict = self.cleaned_data["verdict"]
        if verdict in ("left", "right"):
            return PairVerdict.FIRST if (verdict == "left") != swapped else PairVerdict.SECOND
        return PairVerdict(verdict)
