"""Celery tasks: they carry ids, call one service and ring the next bell. Celery finds them through this package."""

from trajectories.tasks import exports, judgements, reverifications, runs, sweeps, uploads, verdicts

__all__ = ["exports", "judgements", "reverifications", "runs", "sweeps", "uploads", "verdicts"]
