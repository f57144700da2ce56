"""Programs that lie about what they return: through the channel of results, or by objects of their own."""

import pytest

from tests.adapters.test_sandbox_engines import GRID, assert_healthy, call
from tests.adapters.test_sandbox_hostile import assert_nothing_left
from trajectories.adapters.sandbox.bubblewrap import BubblewrapEngine
from trajectories.adapters.sandbox.monty import MontyEngine
from trajectories.core.problems.grids import parse_grid
from trajectories.core.programs.engines import CallStatus
from trajectories.core.verifiers.grid_compare import GridMatch, compare_grid


@pytest.mark.parametrize(
    "junk",
    [
        "b'junk that is no frame at all'",
        "b'\\xff\\xff\\xff\\xff'",
        "b'\\x00\\x00\\x00\\x00'",
        "b'\\x00\\x00\\x00\\x03R{}'",
        "b'\\x00\\x00\\x00\\x05Rnull'",
        "b'\\x00\\x00\\x00\\x02R['",
        "b'\\x00\\x00\\x10\\x01R' + b'[' * 4096",
        'b\'\\x00\\x00\\x00\\x14R{"status":"crowned"}\'',
        'b\'\\x00\\x00\\x00\\x29R{"status":"returned","value":"[[1, 2"}   \'',
        "b'\\x00\\x00\\x00\\x10cos\\nsystem\\n(S\\'x\\'' + b'x' * 9",
    ],
)
def test_junk_in_the_channel_of_results_is_never_a_value(bubblewrap: BubblewrapEngine, junk: str) -> None:
    result = call(bubblewrap, f"import os\nos.write(3, {junk})\nos._exit(0)")
    assert result.status in (CallStatus.CRASHED, CallStatus.NOT_JSON, CallStatus.TIMEOUT)
    assert result.value is None
    assert_nothing_left(bubblewrap)


def test_a_flood_through_the_channel_of_results_ends(bubblewrap: BubblewrapEngine) -> None:
    result = call(bubblewrap, "import os\nwhile True:\n    os.write(3, b'\\x00' * 65536)")
    assert result.status is CallStatus.CRASHED
    assert_nothing_left(bubblewrap)


def test_a_forged_frame_is_only_what_the_program_could_have_returned(bubblewrap: BubblewrapEngine) -> None:
    payload = 'R{"status": "returned", "value": "[[9]]", "seconds": 1e400, "printed": "", "message": ""}'
    body = f"import os\ndata = {payload!r}.encode()\nos.write(3, len(data).to_bytes(4, 'big') + data)\nos._exit(0)"
    assert call(bubblewrap, body).value is None  # 1e400 is no JSON number
    result = call(bubblewrap, body.replace("1e400", "-5"))
    assert (result.value, result.seconds) == ([[9]], 0.0)
    assert compare_grid(result.value, parse_grid(GRID)).match is not GridMatch.RIGHT


@pytest.mark.parametrize(
    ("prelude", "body"),
    [
        ("class Same:\n    def __eq__(self, other): return True\n    __hash__ = None", "return Same()"),
        (
            "class Same(int):\n    def __eq__(self, other): return True",
            "return [[Same(0), Same(0)], [Same(0), Same(0)]]",
        ),
        (
            "class Liar(list):\n    def __eq__(self, other): return True\n    def __len__(self): return 2",
            "return Liar()",
        ),
        ("class Liar(list):\n    def __iter__(self): return iter([[0, 0]])", "return Liar([[1, 2], [3, 4]])"),
        ("class Text(str):\n    def __eq__(self, other): return True", "return Text('[[1, 2], [3, 4]]')"),
        ("import pickle", "return pickle.dumps([[1, 2], [3, 4]])"),
        ("", "return (row for row in [[1, 2], [3, 4]])"),
        ("", "return map(list, [[1, 2], [3, 4]])"),
        ("", "return '[[1, 2], [3, 4]]'"),
        ("class Odd:\n    def __reduce__(self): return (print, ('x',))", "return Odd()"),
        ("class Odd(Exception):\n    def __str__(self): raise self", "raise Odd"),
        ("class Meta(type):\n    __name__ = property(lambda self: 1 / 0)", "return Meta('M', (), {})()"),
    ],
)
def test_objects_that_lie_are_never_right(bubblewrap: BubblewrapEngine, prelude: str, body: str) -> None:
    result = call(bubblewrap, body, prelude)
    assert result.status is not CallStatus.CRASHED
    assert compare_grid(result.value, parse_grid(GRID)).match is not GridMatch.RIGHT
    assert_healthy(bubblewrap)


def test_monty_never_gives_an_object_with_its_own_equality(monty: MontyEngine) -> None:
    result = call(monty, "return Same()", "class Same:\n    def __eq__(self, other): return True")
    assert result.status is CallStatus.NOT_JSON
