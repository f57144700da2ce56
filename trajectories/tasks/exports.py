"""Doorbells of exports."""

from celery import shared_task

from trajectories.services.jobs.ringers import connect_bell
from trajectories.services.releases import exports

INTERACTIVE, FILES = "interactive", "files"
SHORT_ROWS = 500
"""An export of so many rows is written within a second or two."""


@shared_task(name="trajectories.write_export")
def write_export(export_id: int) -> None:
    """Write the export's file, if it still waits for it."""
    exports.write_export(export_id=export_id)


@shared_task(name="trajectories.sweep_exports")
def sweep_exports() -> None:
    """Ring again for exports whose bell or writer was lost, or for which there is space again; delete leftovers."""
    exports.sweep_leftovers()
    for export in exports.waiting_exports():
        _send(export.pk, export.release.item_count)


def _send(export_id: int, rows: int) -> None:
    """A short export does not wait behind long ones."""
    write_export.apply_async((export_id,), queue=INTERACTIVE if rows <= SHORT_ROWS else FILES)


connect_bell("export", _send)
