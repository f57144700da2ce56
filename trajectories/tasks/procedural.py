"""The doorbell of the catalogue of families."""

from celery import shared_task

from trajectories.services.jobs.ringers import connect_bell
from trajectories.services.problems.procedural import describe_families, procedural_installed


@shared_task(name="trajectories.import_families")
def import_families() -> None:
    """Describe every family once for this version of the package; where that is done already, nothing happens."""
    if procedural_installed():
        describe_families()


def _ring() -> None:
    import_families.delay()


connect_bell("families", _ring)
