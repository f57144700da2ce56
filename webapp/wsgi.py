"""The WSGI application."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from webapp.database import WEB_PATIENCE, be_impatient, set_patience

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
if set_patience() is None:
    # Somebody looks at the page: it says that the database is away instead of waiting for it as workers do.
    be_impatient(settings.DATABASES["default"], settings.CELERY_BROKER_TRANSPORT_OPTIONS, WEB_PATIENCE)

application = get_wsgi_application()
