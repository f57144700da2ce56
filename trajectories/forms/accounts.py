"""Logging in."""

from django.contrib.auth.forms import AuthenticationForm

from trajectories.forms.plain import PlainForm


class LoginForm(PlainForm, AuthenticationForm):
    """Django's form, whose refusals say neither which of the two was wrong nor whether the account exists."""

    error_messages = {
        "invalid_login": "Found no account with this name and password. Capital and small letters differ in both.",
        "inactive": "Found an account that is closed, expected an open one. An administrator can open it.",
    }
