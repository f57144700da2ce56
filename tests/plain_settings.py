"""The settings of a server that a test starts by itself: static files are served as they are, none are collected."""

from webapp.settings import *  # noqa: F403
from webapp.settings import STORAGES

STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
