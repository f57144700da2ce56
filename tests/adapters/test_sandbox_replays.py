"""The recorder where it really runs: with arrays, with programs that do not end, and with those that fight it."""

import pytest

from trajectories.core.programs.engines import ProgramEngine
from trajectories.core.programs.replays import PairReplay, read_replay, replay_job

GRID = [[1, 2], [3, 4]]


def record(engine: ProgramEngine, source: str) -> PairReplay:
    [call] = engine.run(replay_job(source, [GRID])).calls
    return read_replay(call)


def test_arrays_are_grids_too(bubblewrap_with_numpy):
    found = record(
        bubblewrap_with_numpy,
        "import numpy as np\ndef transform(grid):\n    a = np.array(grid)\n    z = np.zeros((2, 2))\n    return a.T\n",
    )
    assert found.result == "13/24"
    assert "00/00" in found.grids


@pytest.mark.parametrize(
    "source",
    [
        "def transform(grid):\n    import sys\n    sys.settrace(None)\n    return grid\n",
        "import builtins\ndef transform(grid):\n    builtins.bytes = builtins.len = None\n    return grid\n",
        "import sys\ndef transform(grid):\n    for module in list(sys.modules.values()):\n"
        "        if hasattr(module, 'Recorder'):\n            module.Recorder.take_down = lambda *_: None\n"
        "    return grid\n",
        "def transform(grid):\n    while True:\n        try:\n            while True:\n                pass\n"
        "        except BaseException:\n            return grid\n",
    ],
)
def test_a_program_that_fights_the_recorder_harms_nothing_but_its_own_replay(bubblewrap, source):
    found = record(bubblewrap, source)
    assert isinstance(found, PairReplay)
    assert record(bubblewrap, "def transform(grid):\n    return grid\n").result == "12/34"


def test_a_program_sees_no_more_than_in_verification(bubblewrap):
    found = record(bubblewrap, "def transform(grid):\n    import django\n    return grid\n")
    assert found.fault_line == 2
    assert "ModuleNotFoundError" in found.message


def test_an_engine_without_tracing_says_so(monty):
    assert "recorded" in record(monty, "def transform(grid):\n    return grid\n").message
