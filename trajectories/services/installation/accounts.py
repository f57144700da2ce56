"""Accounts: the first one."""

import os
import secrets
from pathlib import Path

from django.contrib.auth.models import User

ADMIN = "admin"


def ensure_admin(*, password_file: Path) -> str | None:
    """Make the `admin` account unless there is one; its password, or None where only its owner knows it.

    The password is made at random and kept in `password_file`, readable by its owner only. Later the file counts for
    as long as it still opens the account: somebody may have chosen another password in the browser.
    """
    admin = User.objects.filter(username=ADMIN).first()
    kept = password_file.read_text().strip() if password_file.exists() else ""
    if admin is not None:
        return kept if kept and admin.check_password(kept) else None
    password = kept or secrets.token_urlsafe(12)
    _keep(password_file, password)
    User.objects.create_superuser(ADMIN, password=password)
    return password


def _keep(path: Path, password: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(descriptor, 0o600)
        file.write(password + "\n")
