"""The fields that say how people review what a generation of a campaign has sampled."""

from typing import Any

from django import forms
from django.contrib.auth.models import User

from trajectories.forms.plain import PlainForm
from trajectories.selectors.blinding import ADD_REVIEWS
from trajectories.selectors.projects import people_with
from trajectories.services.curation.queues import LONGEST_GUIDELINES, MOST_REVIEWS


class PeopleFields(PlainForm):
    """Whether each generation waits for people, who they are, how many look at a trace, and what they go by."""

    people = forms.BooleanField(
        required=False, label="People review first", help_text="Each generation waits until its queue is worked off."
    )
    reviewers = forms.ModelMultipleChoiceField(
        User.objects.none(),
        label="Who reviews",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Nobody chosen: everybody who may review.",
    )
    reviews_each = forms.IntegerField(
        required=False, label="Reviews for each trace", min_value=1, max_value=MOST_REVIEWS, initial=1
    )
    guidelines = forms.CharField(
        required=False,
        strip=False,
        max_length=LONGEST_GUIDELINES,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "true"}),
        label="Guidelines",
        help_text="Markdown. What the reviewers of every generation go by.",
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        reviewers: Any = self.fields["reviewers"]
        reviewers.queryset = people_with(ADD_REVIEWS)

    def clean_reviews_each(self) -> int:
        """1 where nothing was typed."""
        return self.cleaned_data["reviews_each"] or 1
