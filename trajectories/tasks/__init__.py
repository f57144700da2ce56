"""Celery tasks: they carry ids, call one service and ring the next bell. Celery finds them through this package."""

from trajectories.tasks import (
    completions,
    jobs,
    procedural,
    provider_batches,
    queues,
    replays,
    runs,
    searches,
    spending,
    submissions,
    sweeps,
    uploads,
    verdicts,
    webhooks,
)

__all__ = [
    "completions",
    "jobs",
    "procedural",
    "provider_batches",
    "queues",
    "replays",
    "runs",
    "searches",
    "spending",
    "submissions",
    "sweeps",
    "uploads",
    "verdicts",
    "webhooks",
]
