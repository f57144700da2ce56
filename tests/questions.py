"""A file of questions to test with, and how it is sent."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

ADDRESS = "/problems/import/"
CSV = b"Problem text,solution,topic\nWhat is 2 + 2?,4,sums\nWhat is $x$ if $2x = 6$?,3,algebra\nWho?,,people\n"
CHOSEN = {"column-question": "Problem text", "column-answer": "solution", "set_title": "Sums", "split": "train"}


def send(client: Client, content: bytes = CSV, name: str = "my sums.csv", **values: Any) -> HttpResponse:
    """Post a file to the page that imports problems, with what is chosen there."""
    file = SimpleUploadedFile(name, content)
    return client.post(ADDRESS, {"tasks": [file], "set_title": "Sums", "split": "", **values})  # type: ignore[return-value]
