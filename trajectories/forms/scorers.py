"""Asking for a scorer; the traces that it learns from are in the address, as on the trace list."""

from django import forms

from trajectories.forms.plain import PlainForm
from trajectories.models import Scorer
from trajectories.models.scorers import LONGEST_NAME
from trajectories.services.scorers.planning import MOST_EACH

GREATEST_SEED = 2**31 - 1


class ScorerForm(PlainForm):
    """What the scorer is called, what it scores and by whose word it learns."""

    name = forms.CharField(
        label="Name", max_length=LONGEST_NAME,
        help_text="Small letters, digits and hyphens. A name that is there gets its next version.",
    )  # fmt: skip
    kind = forms.ChoiceField(label="What is scored", choices=Scorer.Kind.choices, initial=Scorer.Kind.OUTCOME)
    labels = forms.ChoiceField(
        label="What is right by", choices=Scorer.Labels.choices, initial=Scorer.Labels.VERDICTS,
        help_text="Steps are right by the labels of people, or by values.",
    )  # fmt: skip
    most_each = forms.IntegerField(
        label="Most traces of one problem", min_value=1, max_value=MOST_EACH, initial=64,
        help_text="Drawn by the seed, so that a few problems with many samples do not settle it all.",
    )  # fmt: skip
    uses_votes = forms.BooleanField(
        label="Look at the votes of the problem's samples", required=False,
        help_text="Not for budgets: there a score would tell of more samples than were drawn.",
    )  # fmt: skip
    follows = forms.BooleanField(
        label="Score all traces afterwards, and new ones once they are verified", required=False, initial=True
    )
    seed = forms.IntegerField(label="Seed", required=False, min_value=0, max_value=GREATEST_SEED, initial=0)
