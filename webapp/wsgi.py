"""The WSGI application, with every view imported: no visitor waits for that, and processes that are forked share it."""

import gc
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from webapp.database import WEB_PATIENCE, be_impatient, set_patience

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
if set_patience() is None:
    # Somebody looks at the page: it says that the database is away instead of waiting for it as workers do.
    be_impatient(settings.DATABASES["default"], settings.CELERY_BROKER_TRANSPORT_OPTIONS, WEB_PATIENCE)

application = get_wsgi_application()
get_resolver().url_patterns  # noqa: B018 (the first look imports every view)
# What is there now stays: to look through all of it for garbage takes 0.2 s, in which a page would wait.
gc.collect()
gc.freeze()
