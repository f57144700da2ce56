"""The command `minicolumn`, which is also `manage.py` of a checkout: Django's commands, `up` among them, with the
embedded database started first where none is configured."""

import os
import sys

WITHOUT_DATABASE = {"up", "collectstatic", "check", "help", "--help", "version", "--version"}
"""Commands that need no database, or (`up`) start it themselves."""


def main() -> None:
    """Run a management command, or serve tools for language models."""
    if sys.argv[1:2] == ["mcp"]:
        from minicolumn import model_server  # needs no Django where it asks an installation elsewhere

        model_server.main(sys.argv[2:])
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from webapp.database import ensure_database

    try:
        getattr(settings, "DEBUG")  # noqa: B009 (the first look reads them all)
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    if not WITHOUT_DATABASE & set(sys.argv[1:2]):
        try:
            ensure_database()
        except RuntimeError as error:
            sys.exit(str(error))
    execute_from_command_line(sys.argv)
