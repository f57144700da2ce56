"""The fields that say in which order families of problems are sampled by a campaign."""

from django import forms

from trajectories.core.campaigns.plans import OPENS_AT
from trajectories.forms.plain import PlainForm


class CurriculumFields(PlainForm):
    """Whether families open one after another, when, and what each builds on."""

    curriculum = forms.BooleanField(
        required=False,
        label="Curriculum",
        help_text="A family is sampled once those that it builds on are solved well enough. As many samples in all.",
    )
    opens_at = forms.FloatField(
        required=False,
        min_value=0.01,
        max_value=1.0,
        initial=OPENS_AT,
        label="Opens at",
        help_text="Share of right samples on held-out problems that each prerequisite needs.",
    )
    prerequisites = forms.CharField(
        required=False,
        max_length=20_000,
        label="Prerequisites",
        help_text="A line for each family, “family: one, another”; empty for those that families declare.",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "class": "mono"}),
    )
