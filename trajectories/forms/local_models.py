"""The form that describes how a model of this machine is served."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django import forms

from trajectories.adapters.local_models.settings import LocalSettings
from trajectories.forms.plain import PlainForm
from trajectories.forms.titles import TitleField
from trajectories.models import Sampler

PRECISIONS = (("auto", "what the device is good at"), ("float32", "32 bits"), ("bfloat16", "16 bits (bfloat16)"))
SERVING = ("batch", "max_output_tokens", "top_p", "seconds", "memory_gib", "precision", "logprobs")


class LocalModelForm(PlainForm):
    """`cleaned_data["local"]` holds the checked LocalSettings."""

    title = TitleField(label="Title", help_text="What people see.")
    name = forms.SlugField(max_length=80, label="Name", help_text="For commands: letters, digits, hyphens.")
    folder = forms.ChoiceField(label="Model", help_text="A folder in the folder of models of this machine.")
    batch = forms.IntegerField(
        min_value=1, max_value=1_024, label="Answers made together", help_text="More are faster and take more memory."
    )
    max_output_tokens = forms.IntegerField(
        min_value=1, max_value=1_000_000, label="Longest answer", help_text="Tokens, thoughts included."
    )
    top_p = forms.FloatField(
        min_value=0.01,
        max_value=1,
        label="Top p",
        help_text="1 draws from all tokens, as training on samples wants it.",
    )
    seconds = forms.FloatField(
        min_value=1, max_value=1_500, label="Time limit", help_text="Seconds; an answer cut off by it says so."
    )
    memory_gib = forms.FloatField(
        min_value=0, max_value=100_000, label="Most memory in GiB", help_text="0 is no limit. Not of a graphics card."
    )
    precision = forms.ChoiceField(choices=PRECISIONS, label="Precision")
    logprobs = forms.BooleanField(required=False, label="Keep log-probabilities", help_text="Makes answers larger.")

    def __init__(self, *args: Any, models: list[str], sampler: Sampler | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._known = LocalSettings() if sampler is None else LocalSettings.from_parameters(sampler.parameters)
        self.fields["folder"].choices = [(name, name) for name in models]  # type: ignore[attr-defined]
        if sampler is not None:
            del self.fields["name"]
            if sampler.artefact_id is not None:
                del self.fields["folder"]

    def clean(self) -> dict[str, Any]:
        """Make the settings."""
        data = super().clean() or self.cleaned_data
        if not self.errors:
            folder = data.get("folder", self._known.folder)
            data["local"] = replace(self._known, folder=folder, **{name: data[name] for name in SERVING})
        return data


def values_of(sampler: Sampler | None) -> Mapping[str, Any]:
    """What the form begins with."""
    local = LocalSettings() if sampler is None else LocalSettings.from_parameters(sampler.parameters)
    values = {name: getattr(local, name) for name in SERVING}
    return values if sampler is None else {**values, "title": sampler.title, "folder": local.folder}
