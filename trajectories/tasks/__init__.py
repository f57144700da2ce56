"""Celery tasks: they carry ids, call one service and ring the next bell. Celery finds them through this package."""

from trajectories.tasks import (
    completions,
    exports,
    generation,
    imports,
    jobs,
    judging,
    procedural,
    queues,
    releases,
    replays,
    reverifications,
    runs,
    submissions,
    sweeps,
    uploads,
    verdicts,
)

__all__ = [
    "completions",
    "exports",
    "generation",
    "imports",
    "jobs",
    "judging",
    "procedural",
    "queues",
    "releases",
    "replays",
    "reverifications",
    "runs",
    "submissions",
    "sweeps",
    "uploads",
    "verdicts",
]
