"""The form that turns the knobs of a family and imports what it makes."""

import json
from typing import Any

from django import forms

from trajectories.core.problems import ProblemError
from trajectories.core.problems.procedural import MAX_SEED, MAX_SIZE, Draw, Family, Knob, KnobKind, read_knob
from trajectories.core.records import JSON
from trajectories.forms.plain import PlainForm
from trajectories.forms.titles import SetTitleField
from trajectories.models import Problem

PREFIX = "knob-"


class ProceduralForm(PlainForm):
    """Knobs as their kind asks for, and which problems to draw. Data may come from the address or from a post."""

    seed = forms.IntegerField(
        min_value=0,
        max_value=MAX_SEED,
        initial=1,
        help_text="The same seed and knobs give the same problems.",
    )
    size = forms.IntegerField(
        label="Number of problems",
        min_value=1,
        max_value=MAX_SIZE,
        initial=100,
        help_text=f"At most {MAX_SIZE:,} at once.",
    )
    set_title = SetTitleField()
    split = forms.ChoiceField(choices=Problem.Split.choices, initial=Problem.Split.TRAIN)

    def __init__(self, family: Family, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.family = family
        self.fields["set_title"].initial = f"Procedural {family.name.replace('_', ' ')}"
        for knob in family.knobs:
            self.fields[f"{PREFIX}{knob.name}"] = knob_field(knob)

    def knob_fields(self) -> list[forms.BoundField]:
        """The fields of the knobs."""
        return [self[f"{PREFIX}{knob.name}"] for knob in self.family.knobs]

    def as_filled_in(self) -> dict[str, Any]:
        """The data that this form would send as it is shown at first."""
        return {name: self.get_initial_for_field(field, name) for name, field in self.fields.items()}

    def clean(self) -> None:
        """Read each knob as the command line would."""
        for knob in self.family.knobs:
            name = f"{PREFIX}{knob.name}"
            if name in self.cleaned_data:
                try:
                    self.cleaned_data[name] = read_knob(knob, _text(self.cleaned_data[name]))
                except ProblemError as fault:
                    self.add_error(name, f"{fault.detail[:1].upper()}{fault.detail[1:]}.")

    def draw(self) -> Draw:
        """What a valid form asks for; knobs that stand as the family has them are left to it."""
        values = [(knob, self.cleaned_data[f"{PREFIX}{knob.name}"]) for knob in self.family.knobs]
        knobs = {knob.name: value for knob, value in values if value != knob.default}
        return Draw(self.family.name, knobs, self.cleaned_data["seed"], self.cleaned_data["size"])


def knob_field(knob: Knob) -> forms.Field:
    """A field of the knob's kind, filled in with its default."""
    options: dict[str, Any] = {
        "label": knob.name.replace("_", " ").capitalize(),
        "help_text": knob.help,
        "required": knob.default is not None and knob.kind not in (KnobKind.FLAG, KnobKind.TEXT),
        "initial": knob_text(knob, knob.default),
    }
    if knob.kind is KnobKind.INTEGER:
        return forms.IntegerField(**options)
    if knob.kind is KnobKind.NUMBER:
        return forms.FloatField(widget=forms.NumberInput(attrs={"step": "any"}), **options)
    if knob.kind is KnobKind.FLAG:
        return forms.BooleanField(**options)
    if knob.kind is KnobKind.CHOICE:
        return forms.ChoiceField(choices=[(choice, choice) for choice in knob.choices], **options)
    return forms.CharField(max_length=10_000, strip=False, **options)


def knob_text(knob: Knob, value: JSON) -> JSON:
    """A knob's value as its field shows it: lists as JSON, everything else as it is."""
    return json.dumps(value, ensure_ascii=False) if knob.kind is KnobKind.LIST else value


def _text(value: Any) -> str:
    """What a field read, as text again."""
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, bool | int | float) else str(value)
