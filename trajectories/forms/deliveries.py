"""The form that puts a file of a release into a repository of a hub."""

from collections.abc import Sequence
from typing import Any

from django import forms

from trajectories.adapters.hub import REPOSITORY
from trajectories.forms.plain import PlainForm
from trajectories.services.releases.pushes import Hub

LONGEST_REPOSITORY = 193


class PushForm(PlainForm):
    """Which file, to which hub and repository."""

    export = forms.TypedChoiceField(label="File", coerce=int)
    hub = forms.ChoiceField(label="Hub")
    repository = forms.CharField(
        label="Repository",
        max_length=LONGEST_REPOSITORY,
        widget=forms.TextInput(attrs={"placeholder": "owner/name", "autocomplete": "off", "spellcheck": "false"}),
    )
    private = forms.BooleanField(label="Private, if it is made", required=False, initial=True)

    def __init__(self, *arguments: Any, files: Sequence[tuple[int, str]], hubs: Sequence[Hub], **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fields["export"].choices = list(files)  # type: ignore[attr-defined]
        shown = [(hub.key_name, f"{hub.endpoint} ({hub.key_name}{'' if hub.is_set else ', not set'})") for hub in hubs]
        self.fields["hub"].choices = shown  # type: ignore[attr-defined]

    def clean_repository(self) -> str:
        """A repository as hubs name it."""
        found: str = self.cleaned_data["repository"].strip()
        if not REPOSITORY.fullmatch(found):
            raise forms.ValidationError(f"Repository: found {found[:80]!r}, expected owner/name.")
        return found
