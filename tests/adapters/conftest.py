"""Sandbox engines, opened once per test process."""

from collections.abc import Iterator

import pytest

from trajectories.adapters.sandbox.monty import MontyEngine
from trajectories.core.programs import ProgramEngine


@pytest.fixture(scope="session", params=["monty"])
def engine(request: pytest.FixtureRequest) -> Iterator[ProgramEngine]:
    """Every engine that works here, in turn."""
    opened = MontyEngine(workers=1)
    yield opened
    opened.close()
