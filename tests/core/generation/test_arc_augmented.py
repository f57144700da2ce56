from dataclasses import replace

import pytest

from tests.core.generation.recipes import TASK, Sums, recipe
from trajectories.core.generation.arc_augmented import ArcAugmenter
from trajectories.core.generation.base import GenerationError, draw_order
from trajectories.core.generation.canonical import canonical_hash

PARTS = ("symmetries", "colours", "order", "resplit")
MAKER = ArcAugmenter()


def make(source, *parts, count=20):
    wanted = recipe("arc_augmented", per_call=count, parameters=dict.fromkeys(parts, True))
    return MAKER.make(wanted, draw_order(wanted, 0, takes_source=True), source, Sums())


def mirrors(record):
    """Whether every pair follows the rule of the source task, up to symmetry: one side mirrored is the other."""
    pairs = [*record.spec["train"]]
    pairs += [{**pair, "output": out} for pair, out in zip(record.spec["test"], record.reference, strict=True)]
    across = all([row[::-1] for row in pair["input"]] == pair["output"] for pair in pairs)
    down = all(pair["input"][::-1] == pair["output"] for pair in pairs)
    return across or down


def test_every_variation_follows_the_same_rule():
    proposals = make(TASK, *PARTS)
    assert all(mirrors(proposal.record) for proposal in proposals)
    assert len({str(proposal.record.spec) for proposal in proposals}) > 10


def test_it_is_the_same_task_in_canonical_form():
    known = canonical_hash(TASK.spec, TASK.reference)
    found = {canonical_hash(each.record.spec, each.record.reference) for each in make(TASK, *PARTS)}
    assert found == {known}


def test_roles_change_only_where_every_output_is_known():
    assert any("test pair" in proposal.facts for proposal in make(TASK, "resplit"))
    unknown = replace(TASK, reference=None)
    proposals = make(unknown, "resplit", "colours")
    assert not any("test pair" in proposal.facts for proposal in proposals)
    assert {proposal.record.reference for proposal in proposals} == {None}


def test_what_is_not_varied_stays():
    for proposal in make(TASK, "order"):
        assert sorted(map(str, proposal.record.spec["train"])) == sorted(map(str, TASK.spec["train"]))
        assert proposal.record.reference == TASK.reference


def test_nothing_to_vary_is_refused_and_a_broken_source_is_a_fault():
    with pytest.raises(GenerationError, match="Found nothing to vary"):
        MAKER.check(recipe("arc_augmented", parameters={}))
    [proposal] = make(replace(TASK, spec={"train": 3}), "colours")
    assert "found no ARC task" in proposal.fault
