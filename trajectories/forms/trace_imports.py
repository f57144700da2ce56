"""The form that imports traces sampled elsewhere."""

from typing import IO

from django import forms

from trajectories.forms.plain import PlainForm
from trajectories.forms.problems import FilesField, FilesInput


class TraceImportForm(PlainForm):
    """Which files, and what to do about bad rows."""

    traces = FilesField(
        label="Files of traces", widget=FilesInput(attrs={"accept": ".jsonl,.ndjson,.json", "multiple": True})
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

    archive = forms.BooleanField(
        label="They are the archive of a release",
        required=False,
        help_text="“full” rows with their manifest.json: problems that are not here come in too, and the release.",
    )

    def clean(self) -> None:
        """Ask for files."""
        if not self.cleaned_data.get("traces"):
            self.add_error("traces", "Choose at least one .jsonl or .json file.")

    def uploads(self) -> list[tuple[str, IO[bytes]]]:
        """Name and content of each file that was sent, open and seekable."""
        return [(file.name, file.file) for file in self.cleaned_data["traces"]]
