"""Accounts: the first one."""

import os
import secrets
from pathlib import Path

from django.contrib.auth.models import User

ADMIN = "admin"


def ensure_admin(*, password_file: Path) -> None:
    """Make the `admin` account unless there is one.

    The password is made at random and kept in `password_file`, readable by its owner only.
    """
    if User.objects.filter(username=ADMIN).exists():
        return
    password = _kept(password_file) or secrets.token_urlsafe(12)
    _keep(password_file, password)
    User.objects.create_superuser(ADMIN, password=password)


def admin_password(*, password_file: Path) -> str | None:
    """The password of the `admin` account, or None where only its owner knows it.

    The file counts for as long as it opens the account: somebody may have chosen another password in the browser. To
    find out takes a good part of a second.
    """
    kept = _kept(password_file)
    admin = User.objects.filter(username=ADMIN).first()
    return kept if kept and admin is not None and admin.check_password(kept) else None


def _kept(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


def _keep(path: Path, password: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(descriptor, 0o600)
        file.write(password + "\n")
