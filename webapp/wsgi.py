"""The WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
# Somebody looks at the page: it says that the database is away instead of waiting for it as workers do.
os.environ.setdefault("DATABASE_WAIT_SECONDS", "2")

application = get_wsgi_application()
