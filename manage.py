#!/usr/bin/env python
"""Django's command line, with the embedded database started first where none is configured."""

import os
import sys


def main() -> None:
    """Run a management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    from django.core.management import execute_from_command_line

    from webapp.database import ensure_database

    ensure_database()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
