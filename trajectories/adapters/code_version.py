"""Which version of the code is running."""

import subprocess
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


@cache
def code_version() -> str:
    """The commit of the checkout, with `-dirty` after local changes; else the package's version; else `unversioned`."""
    # An installed package may lie within a checkout of something else.
    if (ROOT / ".git").exists():
        with suppress(OSError, subprocess.SubprocessError):  # no git
            found = subprocess.run(
                ["git", "describe", "--always", "--dirty", "--abbrev=12"],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=10,
                check=True,
            )
            return found.stdout.strip()
    try:
        return metadata.version("minicolumn")
    except metadata.PackageNotFoundError:
        return "unversioned"
