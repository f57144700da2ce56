"""The part of a form that is about decisions under a lease."""

import uuid
from typing import cast

from django import forms
from django.http import QueryDict

from trajectories.forms.plain import PlainForm


class LeasedForm(PlainForm):
    """A form whose page has leased what it is about: `lease` is the token, empty where nothing is leased."""

    lease = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def set_lease(self, token: uuid.UUID | None) -> None:
        """Let the form that goes back be about the decisions with this token."""
        data = cast(QueryDict, self.data).copy()
        data["lease"] = str(token)
        self.data = data
