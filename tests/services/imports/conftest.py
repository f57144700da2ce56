"""What every test of imports needs."""

import pytest

from tests import factories


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path


@pytest.fixture
def sums():
    return [factories.make_problem(name=f"sum-{n}", kind="numeric", spec={}, reference="4") for n in range(3)]
