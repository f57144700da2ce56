"""Celery tasks: they carry ids, call one service and ring the next bell. Celery finds them through this package."""

from trajectories.tasks import exports, runs, sweeps, verdicts

__all__ = ["exports", "runs", "sweeps", "verdicts"]
