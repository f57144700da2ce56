"""The form that imports problems."""

from pathlib import PurePath
from typing import IO, Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import slugify

from trajectories.forms.titles import TitleField
from trajectories.models import Problem


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


class ImportForm(forms.Form):
    """Which files, into which set, and what to do about bad ones."""

    tasks = FilesField(
        label="ARC task files, zips of them, or one file of questions",
        widget=FilesInput(attrs={"accept": ".json,.zip,.jsonl,.csv", "multiple": True}),
    )
    folder = FilesField(
        label="A folder of ARC task files", widget=FilesInput(attrs={"webkitdirectory": True, "multiple": True})
    )
    set_title = TitleField(
        label="Problem set",
        max_length=80,
        help_text="A new name makes a new set; the name of a set you have adds to it.",
        widget=forms.TextInput(attrs={"list": "set-titles", "autocomplete": "off"}),
    )
    split = forms.ChoiceField(
        label="Split",
        required=False,
        choices=[("", "as the names of files and folders say"), *Problem.Split.choices],
        help_text="test, dev, validation, evaluation, heldout and challenges are never training. "
        "Where no name says anything, it is training.",
    )
    skip_bad = forms.BooleanField(
        label="Import the good tasks even if some are bad",
        required=False,
        help_text="Otherwise one bad task keeps everything out.",
    )

    def clean_folder(self) -> "list[UploadedFile[Any]]":
        """Of a whole folder, only the task files are meant."""
        files: list[UploadedFile[Any]] = self.cleaned_data["folder"]
        return [file for file in files if PurePath(file.name or "").suffix.lower() == ".json"]

    def clean_set_title(self) -> str:
        """Refuse a title that makes no address."""
        title: str = self.cleaned_data["set_title"]
        if not slugify(title):
            raise forms.ValidationError("Use at least one letter from a to z or one digit.")
        return title

    def clean(self) -> None:
        """Ask for files in either of the two fields."""
        if not self.uploads():
            self.add_error("tasks", "Choose at least one .json or .zip file, or a .jsonl or .csv file of questions.")

    def uploads(self) -> list[tuple[str, IO[bytes]]]:
        """Name and content of each file that was sent, open and seekable."""
        files = [*self.cleaned_data.get("tasks", []), *self.cleaned_data.get("folder", [])]
        return [(file.name, file.file) for file in files]
