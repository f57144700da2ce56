"""reasoning-gym in its own process: what it tells, makes and scores, and how it is stopped."""

import os
from collections.abc import Iterator
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.adapters import procedural
from trajectories.adapters.procedural import MAX_ANSWER, ReasoningGym, is_installed, shared_source
from trajectories.adapters.procedural.packing import pack, unpack
from trajectories.core.problems.procedural import Draw, Family, KnobKind, ProceduralError, to_problem

plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
keys = st.integers() | st.text() | st.tuples(st.integers(), st.text())
values = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.sets(st.integers() | st.text())
        | st.dictionaries(keys, inner)
        | st.dictionaries(st.sampled_from(["__tuple__", "__set__", "__pairs__", "a"]), inner)
    ),
    max_leaves=20,
)
needs_package = pytest.mark.skipif(not is_installed(), reason="reasoning-gym is not installed (make procedural)")


@given(values)
def test_packing_loses_nothing(value):
    assert unpack(pack(value)) == value


def test_what_cannot_be_packed_is_refused():
    with pytest.raises(TypeError, match="found a object"):
        pack({"a": [object()]})


def test_without_the_package_there_is_no_source(monkeypatch):
    monkeypatch.setattr(procedural, "is_installed", lambda: False)
    shared_source.cache_clear()
    with pytest.raises(ProceduralError, match="reasoning-gym is not installed: `make procedural` does it"):
        shared_source()


@pytest.fixture(scope="module")
def source() -> Iterator[ReasoningGym]:
    made = ReasoningGym()
    yield made
    made.close()


@pytest.fixture(scope="module")
def families(source) -> dict[str, Family]:
    return {family.name: family for family in source.families()}


@needs_package
def test_every_family_is_listed_and_says_why_it_cannot_be_used(families):
    assert len(families) > 100
    assert [name for name, family in families.items() if family.unavailable] == ["composite"]
    assert all(family.example or family.unavailable for family in families.values())
    knobs = {knob.name: knob for knob in families["chain_sum"].knobs}
    assert (knobs["max_terms"].kind, knobs["max_terms"].default) == (KnobKind.INTEGER, 6)
    assert "seed" not in knobs
    assert families["chain_sum"].levels[1] == {"max_digits": 2, "max_terms": 3, "min_digits": 1, "min_terms": 2}
    assert families["time_intervals"].fixed == ("min_time", "max_time", "min_date", "max_date")


@needs_package
def test_every_reference_answer_is_right_by_the_family_s_own_scorer(source, families):
    wrong = {}
    for name, family in families.items():
        if family.example and family.example.answer is not None:
            record = to_problem(family.example, Draw(name, {}, 1, 1), 0, split="train")
            score = source.score(record, record.reference)
            wrong |= {} if score == 1 else {name: score}
    assert wrong == {}


@needs_package
def test_the_same_draw_gives_the_same_problems_in_another_process(source):
    draw = Draw("family_relationships", {}, seed=3, size=25)
    again = ReasoningGym()
    try:
        assert list(source.examples(draw)) == list(again.examples(draw))
    finally:
        again.close()
    assert len({example.question for example in source.examples(draw)}) > 10


@needs_package
def test_knobs_turn(source):
    draw = Draw("chain_sum", {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 1}, seed=1, size=30)
    assert all(example.entry["metadata"]["num_terms"] == 2 for example in source.examples(draw))
    shouted = next(source.examples(Draw("word_sorting", {"transformation": "uppercase"}, seed=1, size=1)))
    assert shouted.answer == shouted.answer.upper()


@needs_package
@pytest.mark.parametrize(
    ("family", "knobs", "message"),
    [
        ("chain_sum", {"max_terms": 1}, "max_terms must be >= min_terms"),
        ("chain_sum", {"min_terms": "x"}, "TypeError"),
        ("no_such_family", {}, "there is no family no_such_family"),
    ],
)
def test_what_a_family_refuses_is_said_in_words(source, family, knobs, message):
    with pytest.raises(ProceduralError, match=message):
        list(source.examples(Draw(family, knobs, seed=1, size=1)))


@needs_package
def test_partial_credit_and_wrong_answers(source):
    example = next(source.examples(Draw("countdown", {}, seed=1, size=1)))
    record = to_problem(example, Draw("countdown", {}, 1, 1), 0, split="train")
    assert source.score(record, record.reference) == 1.0
    assert 0 < source.score(record, "1 + 1") < 1
    assert source.score(record, "") < source.score(record, "1 + 1")


@needs_package
def test_a_long_answer_is_an_error_and_no_zero(source):
    example = next(source.examples(Draw("chain_sum", {}, seed=1, size=1)))
    record = to_problem(example, Draw("chain_sum", {}, 1, 1), 0, split="train")
    with pytest.raises(ProceduralError, match="the answer has 20,001 characters, expected at most 20,000"):
        source.score(record, "1" * (MAX_ANSWER + 1))


@needs_package
def test_what_takes_too_long_is_stopped_and_the_next_request_served(monkeypatch):
    made = ReasoningGym()
    try:
        first = next(made.examples(Draw("chain_sum", {}, seed=1, size=1)))
        monkeypatch.setattr(procedural, "EXAMPLE_SECONDS", 1.0)
        child = made._child._child
        with pytest.raises(ProceduralError, match="took longer than 1 s"):
            list(made.examples(Draw("chain_sum", {"min_terms": 10**8, "max_terms": 10**8}, seed=1, size=1)))
        assert child._process.returncode is not None
        monkeypatch.setattr(procedural, "EXAMPLE_SECONDS", 20.0)
        assert next(made.examples(Draw("chain_sum", {}, seed=1, size=1))) == first
    finally:
        made.close()


@needs_package
def test_a_child_that_dies_is_replaced(source):
    draw = Draw("chain_sum", {}, seed=1, size=5)
    before = list(source.examples(draw))
    os.kill(source._child._child._process.pid, 9)
    with pytest.raises(ProceduralError, match="ended the process"):
        list(source.examples(draw))
    assert list(source.examples(draw)) == before


@needs_package
def test_the_child_ends_with_its_owner():
    made = ReasoningGym()
    next(made.examples(Draw("chain_sum", {}, seed=1, size=1)))
    process = made._child._child._process
    made._child._child._line.close()
    assert process.wait(10) == 0


@needs_package
def test_problems_come_in_batches(source):
    assert len(list(islice(source.examples(Draw("chain_sum", {}, seed=1, size=10_000)), 45))) == 45
