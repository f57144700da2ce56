"""Sandbox engines, opened once per test process."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from trajectories.adapters.sandbox.bubblewrap import BubblewrapEngine
from trajectories.adapters.sandbox.monty import MontyEngine
from trajectories.adapters.sandbox.process import SandboxUnavailableError
from trajectories.core.programs.engines import ProgramEngine, ProgramJob

PROJECT = Path(__file__).parents[2]


def sandbox_environment() -> Path | None:
    """The environment with numpy that `make` installs; None where it is not there."""
    folder = Path(os.environ.get("SANDBOX_PYTHON", PROJECT / "var" / "sandbox-python"))
    return folder if (folder / "bin" / "python").exists() else None


@pytest.fixture(scope="session")
def bubblewrap() -> Iterator[BubblewrapEngine]:
    """The bubblewrap engine; tests that need it are skipped where it cannot start."""
    try:
        opened = BubblewrapEngine(sandbox_environment(), workers=2)
        opened.run(ProgramJob("", ([],)))
    except SandboxUnavailableError as fault:
        pytest.skip(f"bubblewrap: {fault}")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def monty() -> Iterator[MontyEngine]:
    opened = MontyEngine(workers=1)
    yield opened
    opened.close()


@pytest.fixture(params=["monty", "bubblewrap"])
def engine(request: pytest.FixtureRequest) -> ProgramEngine:
    """Every engine that works here, in turn."""
    opened: ProgramEngine = request.getfixturevalue(request.param)
    return opened


@pytest.fixture
def bubblewrap_with_numpy(bubblewrap: BubblewrapEngine) -> BubblewrapEngine:
    if "numpy" not in bubblewrap.name:
        pytest.skip("numpy: the sandbox environment is not installed (see docs/verification.md)")
    return bubblewrap
