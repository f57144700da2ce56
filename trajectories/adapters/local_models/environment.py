"""The environment that `make training` makes: where it is, and whether it is there."""

from dataclasses import dataclass
from pathlib import Path

MISSING = (
    "This machine has no environment to train and serve models in: run “make training” here, or start a worker for the "
    "queue “training” on a machine that has one."
)


class NoEnvironmentError(OSError):
    """There is no environment for models here; the message says what to do."""


@dataclass(frozen=True, slots=True)
class ModelEnvironment:
    """A virtual environment with torch, transformers and trl."""

    folder: Path

    @property
    def python(self) -> Path:
        """The path of its Python interpreter."""
        return self.folder / "bin" / "python"


def find_environment(folder: Path | None) -> ModelEnvironment:
    """The environment in a folder. Raises NoEnvironmentError where it is not there, or was not made to the end."""
    if folder is None or not (folder / "bin" / "python").exists():
        raise NoEnvironmentError(MISSING)
    found = ModelEnvironment(folder)
    if not any(folder.glob("lib/python*/site-packages/trl/__init__.py")):
        raise NoEnvironmentError(MISSING)
    return found


def lacking(folder: Path | None) -> str:
    """Why a folder holds no environment for models, in one sentence; "" where it holds one."""
    try:
        find_environment(folder)
    except NoEnvironmentError as fault:
        return str(fault)
    return ""
