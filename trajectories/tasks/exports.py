"""Doorbells of exports."""

from functools import partial

from celery import shared_task
from django.db import transaction

from trajectories.models import Export
from trajectories.services import exports


@shared_task(name="trajectories.write_export")
def write_export(export_id: int) -> None:
    """Write the export's file, if it still waits for it."""
    exports.write_export(export_id=export_id)


@shared_task(name="trajectories.sweep_exports")
def sweep_exports() -> None:
    """Ring again for exports whose bell or writer was lost. Safe to run at any time."""
    for export_id in exports.waiting_exports():
        write_export.delay(export_id)


def ring_export(export: Export) -> None:
    """Ring once this transaction commits, unless there is nothing to write."""
    if export.state == Export.State.QUEUED:
        transaction.on_commit(partial(write_export.delay, export.pk))
