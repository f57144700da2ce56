"""Packages inside the sandbox: what numpy and scipy give, and what programs make of them."""

import pytest

from tests.adapters.test_sandbox_engines import GRID, assert_healthy, call, run
from trajectories.adapters.sandbox.bubblewrap import BubblewrapEngine
from trajectories.core.problems.grids import parse_grid
from trajectories.core.programs.engines import CallStatus
from trajectories.core.verifiers.grid_compare import GridMatch, compare_grid


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("return np.array(grid)[::-1]", [[3, 4], [1, 2]]),
        ("return np.array(grid, dtype=np.uint8).T", [[1, 3], [2, 4]]),
        ("return [list(row) for row in np.array(grid)]", GRID),
        ("return np.int64(7)", 7),
        ("return np.bool_(True)", True),
        ("return np.array(5)", 5),
        ("return {'n': np.float32(0.5)}", {"n": 0.5}),
    ],
)
def test_numpy_values_become_plain(bubblewrap_with_numpy: BubblewrapEngine, body: str, value: object) -> None:
    result = call(bubblewrap_with_numpy, body, "import numpy as np")
    assert (result.status, result.value, type(result.value)) == (CallStatus.RETURNED, value, type(value))


@pytest.mark.parametrize(
    ("body", "statuses"),
    [
        ("return np.array([[1, np.nan]])", {CallStatus.NOT_JSON}),
        ("return np.array([object()])", {CallStatus.NOT_JSON}),
        ("return np.array([1j])", {CallStatus.NOT_JSON}),
        ("return np.zeros((10_000, 10_000))", {CallStatus.MEMORY, CallStatus.OUTPUT}),
        ("return np.zeros((300, 300))", {CallStatus.OUTPUT}),
        ("return np.broadcast_to(1, (10 ** 6, 10 ** 6))", {CallStatus.OUTPUT}),
        ("return np.ones(10 ** 11).sum()", {CallStatus.MEMORY}),
        ("a = np.ones((3000, 3000))\nwhile True: a = a @ a", {CallStatus.TIMEOUT, CallStatus.MEMORY}),
        ("return np.array(grid, dtype=float)", {CallStatus.RETURNED}),
    ],
)
def test_numpy_in_bad_hands(bubblewrap_with_numpy: BubblewrapEngine, body: str, statuses: set[CallStatus]) -> None:
    result = call(bubblewrap_with_numpy, body, "import numpy as np")
    assert result.status in statuses, result
    assert compare_grid(result.value, parse_grid(GRID)).match is not GridMatch.RIGHT
    assert_healthy(bubblewrap_with_numpy)


def test_scipy_is_there(bubblewrap_with_numpy: BubblewrapEngine) -> None:
    body = "from scipy.ndimage import label\nreturn label(grid)[1]"
    source = "def transform(grid):\n    " + body.replace("\n", "\n    ")
    assert run(bubblewrap_with_numpy, source, [[1, 0, 1], [1, 0, 1]]).calls[0].value == 2


def test_random_numbers_are_the_same_every_time(bubblewrap_with_numpy: BubblewrapEngine) -> None:
    body = "return [random.random(), float(np.random.rand()), hash('text'), list({'a', 'b', 'c', 'd'})]"
    values = [call(bubblewrap_with_numpy, body, "import random, numpy as np").value for _ in range(2)]
    assert values[0] == values[1]
    assert values[0] is not None


def test_a_missing_package_is_unsupported(bubblewrap: BubblewrapEngine) -> None:
    assert call(bubblewrap, "import torch").status is CallStatus.UNSUPPORTED
