"""What docker-compose.yml says, read as `docker compose` reads it: anchors merged, variables filled in."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from tests.worker import ROOT

FILE = ROOT / "docker-compose.yml"
VARIABLE = re.compile(r"\$\{(\w+)(?:(:?[-?])([^}]*))?\}")
NEEDED = {
    "SITE_NAME": "minicolumn.test",
    "POSTGRES_PASSWORD": "letters1",
    "BROKER_PASSWORD": "letters2",
    "SECRET_KEY": "a-key-of-the-tests-0123456789-0123456789-0123456789-ABCDEF",
}
"""Values that an operator has to fill in."""


class MissingValueError(Exception):
    """A variable without a default has no value; the message is the file's own."""


def raw() -> dict[str, Any]:
    """The file with its variables as they are."""
    found: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return found


def filled(values: Mapping[str, str]) -> dict[str, Any]:
    """The file with its variables filled in. Raises MissingValueError."""
    found: dict[str, Any] = _filled(raw(), values)
    return found


def variables() -> set[str]:
    """The names of all variables in the file."""
    return {match[1] for match in VARIABLE.finditer(FILE.read_text())}


def _filled(part: Any, values: Mapping[str, str]) -> Any:
    if isinstance(part, dict):
        return {key: _filled(value, values) for key, value in part.items()}
    if isinstance(part, list):
        return [_filled(value, values) for value in part]
    return VARIABLE.sub(lambda match: _value(match, values), part) if isinstance(part, str) else part


def _value(match: re.Match[str], values: Mapping[str, str]) -> str:
    name, operator, word = match[1], match[2] or "", match[3] or ""
    value = values.get(name)
    missing = not value if operator.startswith(":") else value is None
    if missing and operator.endswith("?"):
        raise MissingValueError(f"{name}: {word}")
    return word if missing and operator.endswith("-") else value or ""
