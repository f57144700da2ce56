"""Doorbells of imports."""

from celery import shared_task

from trajectories.services.imports.jobs import import_next, lost_imports
from trajectories.services.jobs.ringers import connect_bell


@shared_task(name="trajectories.import_file")
def import_file(job_id: int) -> None:
    """Read and write for a while, and ring again while there is more."""
    if import_next(job_id=job_id):
        import_file.delay(job_id)


@shared_task(name="trajectories.sweep_imports")
def sweep_imports() -> None:
    """Ring again for imports whose bell or worker was lost, or for which there is space again."""
    for job_id in lost_imports():
        import_file.delay(job_id)


def _ring(job_id: int) -> None:
    import_file.delay(job_id)


connect_bell("import", _ring)
