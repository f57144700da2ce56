"""The form of a webhook."""

from django import forms

from trajectories.forms.plain import PlainForm
from trajectories.forms.titles import TitleField
from trajectories.models.webhooks import CHOSEN_KINDS
from trajectories.services.webhooks.steering import LONGEST_ADDRESS


class WebhookForm(PlainForm):
    """What a webhook is called, where its messages go, and what it is told of."""

    title = TitleField(label="Name", help_text="What receives it, such as the channel of a team.")
    address = forms.CharField(
        label="Address",
        max_length=LONGEST_ADDRESS,
        widget=forms.URLInput(attrs={"placeholder": "https://hooks.example.org/minicolumn", "autocomplete": "off"}),
        help_text="Public ones, and those that the administrator of the machine has allowed for models.",
    )
    events = forms.MultipleChoiceField(
        label="Tell it when",
        choices=[(kind.value, kind.label) for kind in CHOSEN_KINDS],
        initial=[kind.value for kind in CHOSEN_KINDS],
        widget=forms.CheckboxSelectMultiple,
    )
