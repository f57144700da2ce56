"""Files that arrive in the body of a request: how much of it is taken, and where they lie meanwhile."""

from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest

DRAIN_LIMIT = 1024 * 1024 * 1024
"""Up to this many bytes a body that is too large is read and thrown away, so that its sender reads the answer."""


class SizeLimit(FileUploadHandler):
    """Stores nothing of an upload whose body is larger than `most` bytes. Must come before the storing handlers."""

    def __init__(self, request: HttpRequest, most: int) -> None:
        super().__init__(request)
        body_bytes = int(request.META.get("CONTENT_LENGTH") or 0)
        self.most = most
        self.too_large = body_bytes > most
        self.hopeless = body_bytes > max(DRAIN_LIMIT, most)

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Pass over each file of a body that is too large."""
        super().new_file(*args, **kwargs)
        if self.hopeless:
            raise StopUpload(connection_reset=True)
        if self.too_large:
            raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, _start: int) -> bytes:
        """Hand the data on to the handlers that store it."""
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the handlers that store it."""


class _ArrivingFile(TemporaryUploadedFile):
    """A file in the folder of kept uploads that is gone once it is closed."""

    def __init__(self, name: str, *told: Any) -> None:
        folder = Path(settings.VAR_DIR) / "uploads"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = NamedTemporaryFile(dir=folder, suffix=".upload")  # noqa: SIM115 - closed with the request
        UploadedFile.__init__(self, file, name, *told)


class DiskUpload(TemporaryFileUploadHandler):
    """Writes a file that is not small into the data folder as it arrives, however large it is: the place for
    short-lived files may be memory. What a killed process leaves there is swept with kept uploads."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Open the file."""
        FileUploadHandler.new_file(self, *args, **kwargs)
        told: tuple[Any, ...] = (self.file_name, self.content_type, 0, self.charset, self.content_type_extra)
        self.file = _ArrivingFile(*told)
