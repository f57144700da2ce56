"""Writing rubrics, and looking at what a judge would be sent."""

from typing import Any

from django import forms
from django.utils.text import slugify

from trajectories.core.verifiers.model_judge import LONGEST_RUBRIC_NAME
from trajectories.core.verifiers.model_judge import Rubric as RubricRecord
from trajectories.forms.judging import FORMS
from trajectories.forms.plain import PlainForm
from trajectories.forms.titles import TitleField
from trajectories.models import Rubric
from trajectories.services.prompts.rubrics import RubricDraft

LOWEST, HIGHEST = -1_000, 1_000


class RubricForm(PlainForm):
    """A rubric as it is written; a next version keeps the name."""

    title = TitleField()
    name = forms.CharField(
        max_length=LONGEST_RUBRIC_NAME,
        help_text="Names its verdicts; letters, digits and hyphens. It stays when the rubric changes.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    least = forms.IntegerField(label="Worst score", min_value=LOWEST, max_value=HIGHEST, initial=1)
    most = forms.IntegerField(label="Best score", min_value=LOWEST, max_value=HIGHEST, initial=10)
    pass_from = forms.IntegerField(label="Passes from", min_value=LOWEST, max_value=HIGHEST, initial=7)
    text = forms.CharField(
        strip=False,
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "true"}),
        help_text="What a judge goes by: what counts, what does not, and what the scores mean.",
    )

    def __init__(self, *arguments: Any, rubric: Rubric | None = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.rubric = rubric
        if rubric is not None:
            del self.fields["name"]

    def clean_name(self) -> str:
        """Refuse a name that is no word."""
        name: str = self.cleaned_data["name"]
        if slugify(name) != name:
            raise forms.ValidationError(f"Found {name[:40]!r}, expected small letters, digits and hyphens.")
        return name

    @property
    def draft(self) -> RubricDraft:
        """What the form says. Only after validation."""
        data = self.cleaned_data
        name = self.rubric.name if self.rubric is not None else data["name"]
        # Browsers send lines ended by CR LF.
        text = data["text"].replace("\r\n", "\n")
        record = RubricRecord(name, 1, text, data["least"], data["most"], data["pass_from"])
        return RubricDraft(record, data["title"])


def first_rubric_values(rubric: Rubric | None) -> dict[str, Any]:
    """What a form for a next version begins with."""
    if rubric is None:
        return {}
    return {name: getattr(rubric, name) for name in ("title", "least", "most", "pass_from", "text")}


class RubricPreviewForm(PlainForm):
    """What a preview shows: a trace by its number, and the form of the question."""

    trace = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        widget=forms.NumberInput(attrs={"placeholder": "the newest"}),
    )
    form = forms.ChoiceField(label="Form", required=False, choices=FORMS)
