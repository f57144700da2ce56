"""Requests that bring files: no more of their body is taken than the limit says, and no field that is not known."""

from django.conf import settings
from django.core.exceptions import TooManyFilesSent
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError

from trajectories.adapters.arriving_files import SizeLimit
from trajectories.adapters.disk import is_full
from trajectories.api.faults import ApiProblem

MULTIPART = "multipart/form-data"
NO_SPACE = "No space left on the disk, so nothing was kept. Send it again once there is space."


def take_files(request: HttpRequest, known: frozenset[str]) -> None:
    """Read the body of a request whose fields are `known`, files onto the disk. Raises ApiProblem with status 400, 413,
    415, 422 or 503."""
    if request.content_type != MULTIPART:
        raise ApiProblem(415, f"Found another type of content, expected “Content-Type: {MULTIPART}”.")
    limit = SizeLimit(request, settings.IMPORT_UPLOAD_BYTES)
    request.upload_handlers.insert(0, limit)
    try:
        sent = [*request.POST, *request.FILES]
    except MultiPartParserError as fault:
        raise ApiProblem(400, f"Found no parts that can be read ({str(fault)[:80]}), expected {MULTIPART}.") from fault
    except TooManyFilesSent as fault:
        most = settings.DATA_UPLOAD_MAX_NUMBER_FILES
        raise ApiProblem(413, f"Found more than {most:,} files, expected fewer; put them into one zip.") from fault
    except OSError as fault:
        if not is_full(fault):
            raise
        raise ApiProblem(503, NO_SPACE, retry_after=60) from fault
    if limit.too_large:
        refuse_size(limit.most)
    if unknown := sorted(set(sent) - known):
        said = f"Found the field {unknown[0][:80]!r}, expected one of {', '.join(sorted(known))}."
        raise ApiProblem(422, said, fields={unknown[0][:80]: said})


def refuse_size(most: int) -> None:
    """Raise ApiProblem for files that are larger together than `most` bytes."""
    text = f"Found files of more than {most >> 20:,} MB, expected fewer; send less at once, or use manage.py."
    raise ApiProblem(413, text)
