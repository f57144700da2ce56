"""The form that imports traces sampled elsewhere."""

from typing import IO

from django import forms

from trajectories.forms.plain import PlainForm
from trajectories.forms.problems import FilesField, FilesInput


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
        help_text="Only “full” rows have such decisions. Otherwise they are kept beside the trace and decide nothing.",
    )

    make_problems = forms.BooleanField(
        label="Make the problems that are not here",
        required=False,
        help_text="Of what the rows ask, with the answer they state. Otherwise a row without its problem is a fault.",
    )

    set_title = forms.CharField(label="Set for these problems", max_length=200, required=False)

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
