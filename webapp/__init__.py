"""The Django project: settings, addresses, Celery. Everything else is in `trajectories`."""
