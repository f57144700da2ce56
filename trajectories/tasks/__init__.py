"""Celery tasks: they carry ids, call one service and ring the next bell. Celery finds them through this package."""

from trajectories.tasks import runs, sweeps, verdicts

__all__ = ["runs", "sweeps", "verdicts"]
