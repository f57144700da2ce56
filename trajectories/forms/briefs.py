"""Writing a brief."""

from typing import Any

from django import forms

from trajectories.core.generation import WRITERS
from trajectories.core.generation.briefs import SLOTS, TARGETS
from trajectories.core.prompts.templates import MAX_TEMPLATE
from trajectories.forms.generation import KIND_TITLES
from trajectories.forms.versioned import VersionedForm
from trajectories.models import Brief
from trajectories.services.prompts.briefs import MAX_ITEM, MAX_ITEMS, BriefDraft

LIST_CHARACTERS = MAX_ITEMS * (MAX_ITEM + 2)


class BriefForm(VersionedForm):
    """A brief as a person writes it. `draft` is what it says, once it is valid."""

    generator = forms.ChoiceField(
        label="For",
        choices=[(name, writer.title) for name, writer in WRITERS.items()],
    )
    kind = forms.ChoiceField(
        required=False,
        label="Answer",
        choices=[("", "Any kind"), *((kind.value, KIND_TITLES[kind]) for kind in TARGETS)],
    )
    template = forms.CharField(
        max_length=MAX_TEMPLATE,
        widget=forms.Textarea(attrs={"rows": 14, "class": "mono", "spellcheck": "false"}),
    )
    words = forms.CharField(
        required=False,
        max_length=LIST_CHARACTERS,
        help_text="One to a line; drawn ones have to occur in every problem.",
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )
    features = forms.CharField(
        required=False,
        max_length=LIST_CHARACTERS,
        help_text="One to a line, as the end of “a problem that ...”.",
        widget=forms.Textarea(attrs={"rows": 6}),
    )

    def __init__(self, *arguments: Any, brief: Brief | None = None, **options: Any) -> None:
        super().__init__(*arguments, revises=brief is not None, **options)
        self.brief = brief

    @property
    def slots(self) -> list[tuple[str, str]]:
        """The slots of a template with what each holds."""
        return [(f"{{{name}}}", what) for name, what in SLOTS.items()]

    @property
    def draft(self) -> BriefDraft:
        """What the form says. Only after validation."""
        data = self.cleaned_data
        return BriefDraft(
            name=self.brief.name if self.brief else data["name"],
            title=data["title"],
            generator=data["generator"],
            kind=data["kind"],
            template=data["template"].replace("\r\n", "\n"),
            words=_lines(data["words"]),
            features=_lines(data["features"]),
        )


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def first_brief_values(draft: BriefDraft) -> dict[str, Any]:
    """What a form for a next version begins with."""
    return {
        "title": draft.title,
        "generator": draft.generator,
        "kind": draft.kind,
        "template": draft.template,
        "words": "\n".join(draft.words),
        "features": "\n".join(draft.features),
    }
