"""Imports between rooms pass through few names: what one room knows of another is bounded, and has one address."""

import importlib.util

import pytest

from tests.architecture.test_files import ROOT

SPEC = importlib.util.spec_from_file_location("room_names", ROOT / "docs/room_names.py")
room_names = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(room_names)

MOST_OF_AN_ARROW = 25
"""So many names of one room another room of its layer may import."""

WIDE_ARROWS = {("core", "importers", "completions"): 40}
"""Importers read from files what providers sent, in every dialect of theirs that completions know."""

MOST_OF_A_ROOM = 50
"""So many names of a room all other rooms of its layer together may import."""

MOST_OF_ALL = 115
"""So many names of a room all modules outside of it may import."""

USED = room_names.used_names()
EVERY = pytest.mark.parametrize("room", USED, ids=".".join)


def test_rooms_are_found():
    assert len(USED) > 50
    assert "verifiers" in USED["core", "problems"].by_rooms


@EVERY
def test_rooms_know_few_names_of_each_other(room):
    used = USED[room]
    for other, names in used.by_rooms.items():
        assert len(names) <= WIDE_ARROWS.get((room[0], other, room[1]), MOST_OF_AN_ARROW), (other, sorted(names))
    assert len(used.of_rooms) <= MOST_OF_A_ROOM
    assert len(used.of_rooms | used.by_layers) <= MOST_OF_ALL


@EVERY
def test_a_name_is_imported_from_outside_by_one_address(room):
    """Where a room passes a name on in its `__init__`, everybody outside takes it there, or nobody does."""
    assert not {name: sorted(ways) for (_, name), ways in USED[room].ways.items() if len(ways) > 1}
