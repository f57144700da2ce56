import os
import signal
import subprocess
import sys
from io import StringIO

import httpx2
import pytest
from django.core.management import CommandError, call_command

from tests.worker import ROOT


def test_it_serves_until_it_is_stopped():
    command = [sys.executable, "manage.py", "fake_endpoint", "--port", "0", "--latency", "0", "--text", "Ready."]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[2]
        assert httpx2.get(f"{url}/models").json()["data"][0]["id"] == "fake"
        body = {"model": "any", "messages": [{"role": "user", "content": "Hello"}]}
        answer = httpx2.post(f"{url}/chat/completions", json=body).json()
        assert answer["choices"][0]["message"]["content"].startswith("Ready.")
        process.send_signal(signal.SIGTERM)
        assert "1 calls, 1 answered." in process.communicate(timeout=30)[0]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("given", "words"),
    [("nonsense=0.1", "'nonsense'"), ("429", "a share"), ("429=much", "a share"), ("429=2", "up to 2")],
)
def test_a_failure_it_does_not_know_is_refused(given, words):
    with pytest.raises(CommandError, match=words):
        call_command("fake_endpoint", "--fail", given, stdout=StringIO())
