"""Accounts: logging in, inviting people, accepting an invitation, and one's own password."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from trajectories.forms.plain import PlainForm
from trajectories.forms.titles import TitleField
from trajectories.models import Project
from trajectories.services.people.invitations import INVITABLE, LONGEST_DAYS
from trajectories.services.people.passwords import password_fault


class LoginForm(PlainForm, AuthenticationForm):
    """Django's form, whose refusals say neither which of the two was wrong nor whether the account exists."""

    error_messages = {
        "invalid_login": "Found no account with this name and password. Capital and small letters differ in both.",
        "inactive": "Found an account that is closed, expected an open one. An administrator can open it.",
    }


def _password(label: str, *, is_new: bool = True, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        max_length=200,
        help_text=help_text,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password" if is_new else "current-password"}),
    )


class InviteForm(PlainForm):
    """Whom to invite, and for how long the link is good."""

    role = forms.ChoiceField(choices=[(role, role.capitalize()) for role in INVITABLE])
    days = forms.IntegerField(label="Good for days", min_value=1, max_value=LONGEST_DAYS, initial=7)
    note = TitleField(required=False, label="For whom", help_text="Only for this list.")
    project = forms.ModelChoiceField(Project.objects.none(), empty_label=None)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        found = Project.objects.filter(archived_at=None).order_by("pk")
        if len(found) > 1:
            self.fields["project"] = forms.ModelChoiceField(found, initial=found[0], empty_label=None)
        else:
            del self.fields["project"]


class AcceptForm(PlainForm):
    """The account that an invitation makes."""

    username = User._meta.get_field("username").formfield(help_text="Letters, digits and @ . + - _")
    password = _password("Password", help_text="12 characters or more.")
    again = _password("Password once more")

    def clean(self) -> dict[str, Any]:
        """Both passwords have to be the same."""
        return _same(self, super().clean() or {}, "password")


class AddressForm(PlainForm):
    """Where somebody is written to."""

    email = forms.EmailField(
        label="E-mail address",
        required=False,
        max_length=254,
        help_text="Warnings of daily limits go there; nothing else does. Empty: none are sent.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class PasswordForm(PlainForm):
    """A new password for an account, by whoever knows the old one."""

    old = _password("Password now", is_new=False)
    new = _password("New password", help_text="12 characters or more.")
    again = _password("New password once more")

    def __init__(self, *arguments: Any, person: User, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.person = person

    def clean_old(self) -> str:
        """The old password. Raises ValidationError where it is another."""
        old: str = self.cleaned_data["old"]
        if not self.person.check_password(old):
            raise ValidationError("Found another password, expected the one that you log in with.")
        return old

    def clean_new(self) -> str:
        """The new password. Raises ValidationError where it is too easy to guess."""
        new: str = self.cleaned_data["new"]
        if weakness := password_fault(new, self.person):
            raise ValidationError(weakness)
        return new

    def clean(self) -> dict[str, Any]:
        """Both new passwords have to be the same."""
        return _same(self, super().clean() or {}, "new")


def _same(form: forms.Form, data: dict[str, Any], name: str) -> dict[str, Any]:
    if name in data and "again" in data and data[name] != data["again"]:
        form.add_error("again", "Found two different passwords, expected the same one twice.")
    return data
