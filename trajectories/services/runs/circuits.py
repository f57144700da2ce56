"""Pausing runs whose endpoint answers no more: the run that met the fault, and those that would meet the same."""

from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from trajectories.core.records import SampleFailure
from trajectories.models import Attempt, Run
from trajectories.services.runs.lifecycle import RunStateError, pause_run

OF_THE_SAMPLER = (
    *("no_key", "key_not_allowed", "address_not_allowed", "redirect"),
    *("unauthorised", "payment", "quota", "not_found"),
    *("no_environment", "no_model"),
)
"""Faults that do not depend on what is asked."""

CIRCUIT = "circuit"
ALIVE = timedelta(seconds=60)
"""A run that brought a sample within this time shows that the endpoint answers."""


def break_circuit(*, run_id: int, failure: SampleFailure) -> list[int]:
    """Pause the run with the reason, and where the fault is the endpoint's, the other runs of its sampler too; returns
    the ids of the paused runs. Workers on any machine notice within a second.

    After call after call has failed, runs that had a sample within the last minute are left alone.
    """
    run = Run.objects.get(pk=run_id)
    paused = _pause(run, failure.message)
    if failure.kind not in (*OF_THE_SAMPLER, CIRCUIT):
        return paused
    others = Run.objects.filter(sampler=run.sampler_id, state__in=Run.ACTIVE_STATES).exclude(pk=run_id)
    if failure.kind == CIRCUIT:
        recent = Attempt.objects.filter(run=OuterRef("pk"), finished_at__gt=Now() - ALIVE, state=Attempt.State.DONE)
        others = others.filter(~Exists(recent))
    for other in others.order_by("pk"):
        paused += _pause(other, f"Another run of this sampler had to stop: {failure.message}")
    return paused


def _pause(run: Run, reason: str) -> list[int]:
    """Pause a run, unless somebody has paused or ended it."""
    try:
        pause_run(actor=None, run=run, reason=reason)
    except RunStateError:
        return []
    return [run.pk]
