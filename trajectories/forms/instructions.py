"""Writing an instruction, and choosing what its preview shows."""

from collections.abc import Mapping
from typing import Any

from django import forms

from trajectories.core.faults import Fault
from trajectories.core.problems.kinds import KINDS, is_grids
from trajectories.core.prompts.answer_formats import STYLES
from trajectories.core.prompts.shipped import VIEW_WORDS
from trajectories.core.prompts.templates import MAX_TEMPLATE, SLOTS
from trajectories.core.prompts.views import ENCODINGS, PIXELS, SEGMENTATIONS, SIZES
from trajectories.core.records import InstructionRecord, ProblemKind
from trajectories.forms.plain import PlainForm
from trajectories.forms.versioned import VersionedForm
from trajectories.models import Instruction
from trajectories.services.prompts.instructions import Draft

MAX_EXAMPLES = 8
MAX_SEED = 2**63 - 1

KIND_TITLES = {word: kind.title for word, kind in KINDS.items() if kind.is_offered}
STYLE_TITLES = {
    "chain-of-thought": "Chain of thought",
    "subtasks": "Subtasks",
    "direct": "Direct answer",
    "program": "Program",
    "subtasks-program": "Subtasks, then a program",
    "expert": "Expert (JSON fields with a program)",
}


def _titles(words: Any) -> list[tuple[str, str]]:
    return [(word, VIEW_WORDS[word][:1].upper() + VIEW_WORDS[word][1:]) for word in words]


class InstructionForm(VersionedForm):
    """An instruction as a person writes it. `draft` is what it says, once it is valid."""

    problem_kind = forms.ChoiceField(
        required=False,
        label="Problems",
        choices=[("", "Any kind"), *((kind.value, title) for kind, title in KIND_TITLES.items())],
    )
    style = forms.ChoiceField(
        choices=[(style, STYLE_TITLES[style]) for style in STYLES],
        help_text="How the answer is asked for and read.",
    )
    encoding = forms.ChoiceField(
        required=False,
        label="ARC grids",
        choices=[*_titles(ENCODINGS), ("", "No grids, objects only")],
        initial="digits",
    )
    segmentation = forms.ChoiceField(
        required=False, label="ARC objects", choices=[("", "None"), *_titles(SEGMENTATIONS)]
    )
    sizes = forms.BooleanField(required=False, label="Sizes of the grids")
    pixels = forms.BooleanField(required=False, label="Changed cells of each example")
    template = forms.CharField(
        max_length=MAX_TEMPLATE,
        widget=forms.Textarea(attrs={"rows": 12, "class": "mono", "spellcheck": "false"}),
    )

    def __init__(self, *arguments: Any, instruction: Instruction | None = None, **options: Any) -> None:
        super().__init__(*arguments, revises=instruction is not None, **options)
        self.instruction = instruction

    @property
    def slots(self) -> list[tuple[str, str]]:
        """The slots of a template with what each holds."""
        return [(f"{{{name}}}", what) for name, what in SLOTS.items()]

    @property
    def draft(self) -> Draft:
        """What the form says. Only after validation."""
        data = self.cleaned_data
        words = [
            data["encoding"],
            SIZES if data["sizes"] else "",
            data["segmentation"],
            PIXELS if data["pixels"] else "",
        ]
        shows_grids = data["problem_kind"] == "" or is_grids(data["problem_kind"])
        name = self.instruction.name if self.instruction else data["name"]
        record = InstructionRecord(
            name=name,
            version=1,
            view="-".join(word for word in words if word) if shows_grids else "",
            style=data["style"],
            # Browsers send lines ended by CR LF; models are sent what was meant.
            template=data["template"].replace("\r\n", "\n"),
        )
        return Draft(record, data["title"], data["problem_kind"])

    def add_fault(self, fault: Fault, *, names: Mapping[str, str] | None = None, prefix: str = "") -> None:
        """A fault that the service found, at the field it is about: a view is chosen by its encoding first."""
        super().add_fault(fault, names={"view": "encoding", **(names or {})}, prefix=prefix)


def first_values(instruction: Instruction | None) -> dict[str, Any]:
    """What a form for a next version begins with; for a new instruction, what most will want."""
    if instruction is None:
        template = "{problem}\n\nThink step by step.\n\n{answer_format}\n"
        return {"template": template, "encoding": "digits", "problem_kind": ProblemKind.ARC.value, "style": "program"}
    words = instruction.view.split("-")
    return {
        "title": instruction.title,
        "problem_kind": instruction.problem_kind,
        "style": instruction.style,
        "encoding": next((word for word in words if word in ENCODINGS), ""),
        "segmentation": next((word for word in words if word in SEGMENTATIONS), ""),
        "sizes": SIZES in words,
        "pixels": PIXELS in words,
        "template": instruction.template,
    }


class PreviewForm(PlainForm):
    """What a preview shows: a problem by its name, solved examples, and whether the task is varied."""

    problem = forms.CharField(
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": "the first"}),
    )
    examples = forms.IntegerField(required=False, min_value=0, max_value=MAX_EXAMPLES)
    variation = forms.IntegerField(
        required=False, min_value=0, max_value=MAX_SEED, label="Variation", help_text="Seed; empty for none."
    )
