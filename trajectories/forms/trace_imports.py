"""The form that imports traces sampled elsewhere."""

from collections.abc import Mapping
from typing import IO, Any

from django import forms

from trajectories.core.faults import Fault
from trajectories.core.importers.mapped_rows import FIELDS, check_places
from trajectories.forms.plain import PlainForm
from trajectories.forms.problems import FilesField, FilesInput
from trajectories.forms.titles import TitleField

SHOWN_SAMPLE = 40
"""Characters of what stands at a path, in the list of paths."""

LONGEST_MODEL = 200
"""Characters of the name of a model."""


class TraceImportForm(PlainForm):
    """Which files, and what to do about bad rows."""

    traces = FilesField(
        label="Files of traces",
        widget=FilesInput(attrs={"accept": ".jsonl,.ndjson,.json,.eval,.parquet,.zip,.gz,.zst", "multiple": True}),
    )
    skip_bad = forms.BooleanField(
        label="Import the good rows even if some are bad",
        required=False,
        help_text="Otherwise one bad row keeps everything out.",
    )

    adopt_reviews = forms.BooleanField(
        label="Let what people decided elsewhere decide here, in my name",
        required=False,
        help_text="Where rows have such decisions. Otherwise they are kept beside the trace and decide nothing.",
    )

    model = forms.CharField(
        label="Model",
        required=False,
        max_length=LONGEST_MODEL,
        help_text="Who sampled the traces whose rows name no model. Two models without a name are one.",
    )

    make_problems = forms.BooleanField(
        label="Make the problems that are not here",
        required=False,
        help_text="Of what the rows ask, with the answer they state. Otherwise a row without its problem is a fault.",
    )

    set_title = TitleField(label="Set for these problems", required=False)

    split = forms.ChoiceField(
        label="Side of these problems",
        required=False,
        choices=[("", "As the rows and the file’s name say"), ("train", "Training"), ("eval", "Evaluation")],
    )

    archive = forms.BooleanField(
        label="They are the archive of a release",
        required=False,
        help_text="“full” rows with their manifest.json: problems that are not here come in too, and the release.",
    )

    def clean(self) -> None:
        """Ask for files, and for a set where problems are to be made."""
        if not self.cleaned_data.get("traces"):
            self.add_error("traces", "Choose at least one file of traces.")
        if self.cleaned_data.get("make_problems") and not self.cleaned_data.get("set_title"):
            self.add_error("set_title", "Name the set that the problems go into.")
        if self.cleaned_data.get("make_problems") and self.cleaned_data.get("archive"):
            self.add_error("make_problems", "An archive brings its own problems.")

    def uploads(self) -> list[tuple[str, IO[bytes]]]:
        """Name and content of each file that was sent, open and seekable."""
        return [(file.name, file.file) for file in self.cleaned_data["traces"]]


class TraceMappingForm(PlainForm):
    """What is where in rows of no known shape: a field for each of core.importers.mapped_rows.FIELDS, all of which may
    be left to the rows' own shape."""

    def __init__(self, paths: Mapping[str, str], *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        choices = [("", "as the rows’ own shape says"), *((path, _shown(path, said)) for path, said in paths.items())]
        for name, title in FIELDS.items():
            self.fields[name] = forms.ChoiceField(label=title, choices=choices, required=False)

    def clean(self) -> None:
        """Refuse places of which some are missing."""
        try:
            check_places(self.places())
        except Fault as fault:
            self.add_fault(fault)

    def places(self) -> dict[str, str]:
        """The places that were chosen."""
        return {name: path for name in FIELDS if (path := self.cleaned_data.get(name))}


def _shown(path: str, sample: str) -> str:
    return f"{path}: {sample[:SHOWN_SAMPLE]}" if sample else path
