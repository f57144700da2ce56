"""What a process imports before it does anything."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("openai", "plotly", "pyarrow", "scipy", "sympy")
"""Packages that take a second or more to import, and that few processes need."""

START = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
os.environ["DATABASE_URL"] = "postgresql://nobody@localhost/nothing"
import django
django.setup()
from webapp.celery import app
app.loader.import_default_modules()
import webapp.urls
print(*(name for name in sys.argv[1:] if name in sys.modules))
"""


def test_server_and_worker_start_without_the_packages_that_take_long_to_import():
    command = [sys.executable, "-c", START, *HEAVY]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    assert ended.stdout.split() == []
