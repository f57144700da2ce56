import pytest

from trajectories.core.strategies.slots import count_slots, list_slots

KEPT = {"views": {"arc": [1, 2], "text": [3]}, "temperatures": [0.0, 1.0], "samples_each": 3}


@pytest.mark.parametrize("spread", [False, True])
@pytest.mark.parametrize(("kind", "views"), [("arc", [1, 2]), ("text", [3])])
def test_a_problem_is_looked_at_by_the_views_of_its_kind(kind, views, spread):
    slots = list_slots({**KEPT, "spread": spread}, kind)
    assert len(slots) == len(set(slots)) == count_slots({**KEPT, "spread": spread}, kind)
    assert sorted({slot.instruction for slot in slots}) == views
    assert sorted({slot.temperature for slot in slots}) == ([0.0, 0.5, 1.0] if spread else [0.0, 1.0])
    assert {slot.ordinal for slot in slots} == {0, 1, 2}


def test_a_plan_from_before_kinds_shows_every_problem_all_views():
    old = {"instruction_ids": [5, 6], "temperatures": [1.0], "samples_each": 1}
    assert [slot.instruction for slot in list_slots(old, "arc")] == [5, 6]
    assert count_slots(old, "numeric") == 2
