"""What the environment says, read in one place."""

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
INSTALLED = CHECKOUT / "minicolumn" / "site"
BASE_DIR = INSTALLED if INSTALLED.is_dir() else CHECKOUT
"""Where templates and static files lie: in the checkout, or where the wheel has put them."""
LONGEST_NUMBER = 9
"""Digits of a number that somebody may set."""


def flag(name: str) -> bool:
    """Whether a switch is on: for 1, true, yes or on; it is off where it is unset, or 0, false, no or off.

    Raises ValueError for any other value.
    """
    value = os.environ.get(name, "").strip().lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"", "0", "false", "no", "off"}:
        return False
    raise ValueError(f"{name} is {value!r}; expected 1 or 0")


def one_of(name: str, choices: Sequence[str]) -> str:
    """One of some words, the first where none is set. Raises ValueError for any other."""
    value = os.environ.get(name, "").strip().lower() or choices[0]
    if value not in choices:
        raise ValueError(f"{name} is {value[:40]!r}; expected {', '.join(choices[:-1])} or {choices[-1]}")
    return value


def words(name: str) -> list[str]:
    """The words of a variable that holds a list with commas; none where it is unset."""
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]


def whole_number(name: str, *, default: int) -> int:
    """A number of things, 0 or more. Raises ValueError for anything else."""
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > LONGEST_NUMBER:
        raise ValueError(f"{name} is {text[:40]!r}; expected a whole number of 0 or more")
    return int(text)


def var_dir() -> Path:
    """The folder for everything this installation writes: `var/` of a checkout, and of an installed package a folder
    of the account that runs it."""
    return Path(os.environ.get("MINICOLUMN_VAR") or _usual_var()).resolve()


def tools_dir() -> Path:
    """The folder of the environments for programs of samples and for trainings: beside a checkout's data, or in it."""
    return var_dir() if BASE_DIR == INSTALLED else BASE_DIR / "var"


def _usual_var() -> Path:
    if BASE_DIR != INSTALLED:
        return BASE_DIR / "var"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "minicolumn"


def private_secret(path: Path) -> str:
    """The secret kept in `path`, made at random on first use, readable by its owner only."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Written aside and linked into place: two processes starting at once agree on one secret, and a crash
        # between the two leaves no empty file behind.
        aside = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
        with suppress(FileExistsError):
            os.link(aside, path)
        aside.unlink()
    return path.read_text().strip()
