"""Reading imports."""

from collections.abc import Sequence
from dataclasses import dataclass

from trajectories.core.problems import ImportFault
from trajectories.models import Import


@dataclass(frozen=True, slots=True)
class ImportPage:
    """Imports, newest first, and the key to go on from; None at the end."""

    rows: Sequence[Import]
    older: int | None


def list_imports(*, before: int | None = None, size: int) -> ImportPage:
    """The newest imports, or those before one."""
    imports = Import.objects.select_related("created_by").defer("faults", "files", "options").order_by("-pk")
    rows = list((imports if before is None else imports.filter(pk__lt=before))[: size + 1])
    return ImportPage(rows[:size], rows[size - 1].pk if len(rows) > size else None)


def import_faults(job: Import) -> list[ImportFault]:
    """The first faults of an import, row by row."""
    return [ImportFault(*fault) for fault in job.faults]


def import_of_upload(token: str) -> Import | None:
    """The import that still has to read a kept file; None where none has."""
    active = Import.objects.filter(state__in=Import.ACTIVE_STATES, files__contains=[{"token": token}])
    return active.order_by("-pk").first()
