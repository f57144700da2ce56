"""The form that makes a token for a program."""

from django import forms

from trajectories.forms.plain import PlainForm
from trajectories.forms.titles import TitleField
from trajectories.models import ApiToken
from trajectories.services.clients.tokens import LIFETIMES

USUAL_DAYS = 90


class ApiTokenForm(PlainForm):
    """What a token is for, what it may be used for, and how long."""

    title = TitleField(label="Name", help_text="What uses it, and where.")
    scopes = forms.MultipleChoiceField(
        label="It may",
        choices=ApiToken.Scope.choices,
        initial=[ApiToken.Scope.READ.value],
        widget=forms.CheckboxSelectMultiple,
        help_text="Never more than you may yourself.",
    )
    days = forms.TypedChoiceField(
        label="Works for",
        coerce=int,
        choices=[(days, "1 day" if days == 1 else f"{days} days") for days in LIFETIMES],
        initial=USUAL_DAYS,
    )
