"""What the settings say about calls to models, and how a start with wrong ones ends."""

import os
import subprocess
import sys
from ipaddress import ip_address
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from trajectories.adapters.endpoints import read_url
from webapp.endpoints import model_endpoints

ROOT = Path(__file__).resolve().parent.parent
SECRET = "hunter2-0123456789"
WRONG = [
    ("MODEL_KEYS", "SECRET_KEY=https://api.openai.com/v1", "MODEL_KEYS: found SECRET_KEY, which the product"),
    (
        "MODEL_KEYS",
        "A_KEY=https://x.example/v1, DATABASE_URL=http://x.example",
        "MODEL_KEYS: found DATABASE_URL, which",
    ),
    ("MODEL_KEYS", "CELERY_BROKER_URL=http://x.example", "MODEL_KEYS: found CELERY_BROKER_URL, which"),
    ("MODEL_KEYS", f"OPENAI_API_KEY={SECRET}", "MODEL_KEYS: what follows OPENAI_API_KEY= is not the base URL"),
    ("MODEL_KEYS", SECRET, "MODEL_KEYS: entry 1 does not begin with the name of a variable and =; expected OPENAI_"),
    ("MODEL_ADDRESSES", "everything/0", "MODEL_ADDRESSES: found 'everything/0', expected words, addresses, networks"),
    ("MODEL_PROXY", f"ftp://me:{SECRET}@proxy", "MODEL_PROXY: found no address of a proxy, expected one such as"),
]


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch):
    for name in ("MODEL_KEYS", "MODEL_ADDRESSES", "MODEL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("name", "value", "words"), WRONG)
def test_a_wrong_setting_is_said_in_one_sentence_that_repeats_no_key(monkeypatch, name, value, words):
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured) as caught:
        model_endpoints(embedded=True)
    assert str(caught.value).startswith(words)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("command", ["up", "check", "sample"])
def test_nothing_starts_with_a_wrong_setting(command):
    name, value, words = WRONG[0]
    ended = subprocess.run(
        [sys.executable, "manage.py", command],
        cwd=ROOT,
        env={**os.environ, name: value},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.startswith(words)
    assert ended.stderr.count("\n") == 1


def test_without_settings_well_known_keys_go_to_their_makers_and_nowhere_else():
    access = model_endpoints(embedded=False)
    assert access.keys.allows("OPENAI_API_KEY", read_url("https://api.openai.com/v1"))
    assert access.keys.allows("OPENROUTER_API_KEY", read_url("https://openrouter.ai/api/v1"))
    assert not access.keys.allows("OPENAI_API_KEY", read_url("https://openrouter.ai/api/v1"))
    assert {name for name, _ in access.keys.pairs} == {"OPENAI_API_KEY", "OPENROUTER_API_KEY"}


def test_a_setting_stands_in_place_of_what_is_well_known(monkeypatch):
    monkeypatch.setenv("MODEL_KEYS", "LOCAL_KEY=http://localhost:8000/v1")
    assert [name for name, _ in model_endpoints(embedded=True).keys.pairs] == ["LOCAL_KEY"]
    monkeypatch.setenv("MODEL_KEYS", "")
    assert list(model_endpoints(embedded=True).keys.pairs) == []


@pytest.mark.parametrize(
    ("embedded", "setting", "allowed"),
    [
        (True, None, True),
        (False, None, False),
        (True, "", False),
        (False, "loopback", True),
    ],
)
def test_loopback_is_open_by_itself_on_one_machine_only(monkeypatch, embedded, setting, allowed):
    if setting is not None:
        monkeypatch.setenv("MODEL_ADDRESSES", setting)
    rules = model_endpoints(embedded=embedded).addresses
    assert rules.allow("localhost", 8000, ip_address("127.0.0.1")) is allowed
    assert not rules.allow("x.example", 8000, ip_address("10.0.0.1"))


def test_neither_the_environment_nor_a_password_of_the_proxy_shows(monkeypatch):
    """Django's page of an error shows settings."""
    monkeypatch.setenv("MODEL_PROXY", f"http://me:{SECRET}@proxy.example:3128")
    access = model_endpoints(embedded=True)
    assert access.proxy.endswith("@proxy.example:3128")
    assert SECRET not in repr(access)
    assert os.environ["PATH"] not in repr(access)
