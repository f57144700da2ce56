"""The form that imports problems."""

from collections.abc import Sequence
from pathlib import PurePath, PurePosixPath
from typing import IO, Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from trajectories.core.problems import ProblemError
from trajectories.core.problems.documents import parse_json_text
from trajectories.forms.plain import PlainForm
from trajectories.forms.titles import SetTitleField
from trajectories.models import Problem

MAX_PATH = 400
"""Characters of a file's path in a folder; of a longer one only the name is kept."""


class FilesInput(forms.FileInput):
    """A file input that takes several files. The form asks for files in either of two, so neither is required."""

    allow_multiple_selected = True

    def use_required_attribute(self, _initial: Any) -> bool:
        """Never: see the class."""
        return False


class FilesField(forms.FileField):
    """Any number of uploaded files, as a list. Empty files are let through: what reads them says what is wrong."""

    widget = FilesInput

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, allow_empty_file=True, **options)

    def clean(self, data: Any, initial: Any = None) -> "list[UploadedFile[Any]]":
        """Check each file on its own."""
        return [super(FilesField, self).clean(file, initial) for file in data or []]


class ImportForm(PlainForm):
    """Which files, into which set, and what to do about bad ones."""

    tasks = FilesField(
        label="ARC task files, zips of them, or one file of questions",
        widget=FilesInput(attrs={"accept": ".json,.zip,.jsonl,.ndjson,.csv,.tsv,.parquet,.gz,.zst", "multiple": True}),
    )
    folder = FilesField(
        label="A folder of ARC task files", widget=FilesInput(attrs={"webkitdirectory": True, "multiple": True})
    )
    # Where each file lies in the folder, as a JSON list: of a file's own name, browsers and servers keep the end only.
    folder_paths = forms.CharField(required=False, widget=forms.HiddenInput)
    set_title = SetTitleField()
    split = forms.ChoiceField(
        label="Split",
        required=False,
        choices=[("", "as the names of files and folders say"), *Problem.Split.choices],
        help_text="test, dev, validation, evaluation, heldout and challenges are never training. "
        "Where a name says nothing, choose it here.",
    )
    skip_bad = forms.BooleanField(
        label="Import the good tasks even if some are bad",
        required=False,
        help_text="Otherwise one bad task keeps everything out.",
    )

    def clean(self) -> None:
        """Ask for files in either of the two fields."""
        if not self.uploads():
            self.add_error("tasks", "Choose at least one .json or .zip file, or a file of questions.")

    def uploads(self) -> list[tuple[str, IO[bytes]]]:
        """Name and content of each file that was sent, open and seekable; of a folder, only the task files."""
        folder = self.cleaned_data.get("folder", [])
        paths = _paths_of([file.name for file in folder], self.cleaned_data.get("folder_paths", ""))
        within = [(path, file.file) for path, file in zip(paths, folder, strict=True) if _is_task_file(path)]
        return [*((file.name, file.file) for file in self.cleaned_data.get("tasks", [])), *within]


def _is_task_file(name: str) -> bool:
    return PurePath(name).suffix.lower() == ".json"


def _paths_of(names: Sequence[str], said: str) -> list[str]:
    """The paths in `said`, a JSON list, of files of these names; the name itself where it is told no path of it."""
    paths = read_names(said)
    if len(paths) != len(names):
        return list(names)
    return [
        path if PurePosixPath(path).name == name and len(path) <= MAX_PATH and path.isprintable() else name
        for path, name in zip(paths, names, strict=True)
    ]


def read_names(said: str) -> list[str]:
    """The names in a JSON list; none where it is no list of texts."""
    try:
        names = parse_json_text(said)
    except ProblemError:
        return []
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else []
