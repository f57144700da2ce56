"""The Django project: settings, addresses, Celery. Everything else is in `trajectories`."""

from webapp.celery import app as celery_app

__all__ = ["celery_app"]
