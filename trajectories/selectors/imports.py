"""Reading imports."""

from trajectories.core.problems import ImportFault
from trajectories.models import Import, PendingVerification
from trajectories.selectors.paging import Page, page_by_id


def list_imports(*, before: int | None = None, size: int) -> Page[Import, int]:
    """The newest imports, or those before one."""
    imports = Import.objects.select_related("created_by").defer("faults", "files", "options")
    return page_by_id(imports, before=before, size=size)


def import_faults(job: Import) -> list[ImportFault]:
    """The first faults of an import, row by row."""
    return [ImportFault(*fault) for fault in job.faults]


def is_being_verified(job: Import) -> bool:
    """Whether traces of an import wait for their first verdicts."""
    return PendingVerification.objects.filter(trace__import_job=job).exists()


def import_of_upload(token: str) -> Import | None:
    """The import that still has to read a kept file; None where none has."""
    unfinished = (*Import.ACTIVE_STATES, Import.State.PAUSED)
    active = Import.objects.filter(state__in=unfinished, files__contains=[{"token": token}])
    return active.order_by("-pk").first()
