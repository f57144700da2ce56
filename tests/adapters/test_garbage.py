"""What is there when work begins is left out of the search for garbage until the last piece of work has ended."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from trajectories.adapters.garbage import garbage_of_now


class Held:
    """An object that holds itself, so that only a search finds it."""

    def __init__(self) -> None:
        self.own = self


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    """The tests' own process may have set aside something of its own."""
    frozen = gc.get_freeze_count() > 0
    gc.unfreeze()
    yield
    if frozen:
        gc.freeze()


def test_garbage_from_before_is_found_after_and_that_of_now_at_once() -> None:
    before = weakref.ref(Held())

    with garbage_of_now():
        of_now = weakref.ref(Held())
        gc.collect()
        assert before() is not None
        assert of_now() is None

    gc.collect()
    assert before() is None


def test_the_last_of_several_blocks_ends_it() -> None:
    first, second, usual = garbage_of_now(), garbage_of_now(), gc.get_threshold()
    first.__enter__()
    second.__enter__()

    first.__exit__(None, None, None)
    assert gc.get_freeze_count() > 0
    assert gc.get_threshold() != usual

    second.__exit__(None, None, None)
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == usual


def test_what_is_set_aside_for_good_stays_so() -> None:
    gc.freeze()

    with garbage_of_now():
        pass

    assert gc.get_freeze_count() > 0
    gc.unfreeze()
