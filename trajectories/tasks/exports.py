"""Doorbells of exports."""

from celery import shared_task

from trajectories.services import exports
from trajectories.services.jobs.bells import connect_bell


@shared_task(name="trajectories.write_export")
def write_export(export_id: int) -> None:
    """Write the export's file, if it still waits for it."""
    exports.write_export(export_id=export_id)


@shared_task(name="trajectories.sweep_exports")
def sweep_exports() -> None:
    """Ring again for exports whose bell or writer was lost, or for which there is space again; delete leftovers."""
    exports.sweep_leftovers()
    for export_id in exports.waiting_exports():
        write_export.delay(export_id)


def _ring(export_id: int) -> None:
    write_export.delay(export_id)


connect_bell("export", _ring)
