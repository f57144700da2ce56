"""What is there when work first begins is left out of the search for garbage from then on."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from trajectories.adapters import garbage
from trajectories.adapters.garbage import garbage_of_now


class Held:
    """An object that holds itself, so that only a search finds it."""

    def __init__(self) -> None:
        self.own = self


@pytest.fixture(autouse=True)
def _first(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in a process that has worked on nothing yet."""
    monkeypatch.setattr(garbage, "_state", garbage._State())
    gc.unfreeze()
    yield
    gc.freeze()


def test_garbage_from_before_is_found_first_and_what_is_held_is_set_aside_once() -> None:
    before, held = weakref.ref(Held()), Held()

    with garbage_of_now():
        assert before() is None
        aside = gc.get_freeze_count()
        assert aside > 0
        of_now, kept = weakref.ref(Held()), weakref.ref(held)
        del held
        gc.collect()
        assert (of_now(), kept() is None) == (None, False)

    with garbage_of_now():
        assert gc.get_freeze_count() <= aside


def test_the_last_of_several_blocks_ends_it() -> None:
    first, second, usual = garbage_of_now(), garbage_of_now(), gc.get_threshold()
    first.__enter__()
    second.__enter__()

    first.__exit__(None, None, None)
    assert gc.get_threshold() != usual

    second.__exit__(None, None, None)
    assert gc.get_threshold() == usual
