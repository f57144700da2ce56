"""reasoning-gym in its own process: what it tells, makes and scores, and how it is stopped."""

import os
from collections.abc import Iterator
from functools import cache
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.adapters import procedural
from trajectories.adapters.procedural import ReasoningGym, is_installed, shared_source
from trajectories.adapters.procedural.packing import pack, unpack
from trajectories.adapters.procedural.scorer import MAX_ANSWER, Scorer, read_score
from trajectories.core.problems.procedural import Draw, Family, KnobKind, ProceduralError, UnscoredError, to_problem
from trajectories.core.problems.procedural_families import READ_AS_CODE
from trajectories.core.records import ProblemRecord

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
def scorer() -> Iterator[Scorer]:
    made = Scorer("auto")
    yield made
    made.close()


@pytest.fixture(scope="module")
def unsafe_scorer() -> Iterator[Scorer]:
    """Where there is no bubblewrap."""
    made = Scorer("monty")
    yield made
    made.close()


@cache
def problem(family: str) -> ProblemRecord:
    draw = Draw(family, {}, seed=1, size=1)
    return to_problem(next(shared_source().examples(draw)), draw, 0, split="train")


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
def test_every_reference_answer_is_right_by_the_family_s_own_scorer(scorer, families):
    wrong = {}
    for name, family in families.items():
        if family.example and family.example.answer is not None:
            record = to_problem(family.example, Draw(name, {}, 1, 1), 0, split="train")
            score = scorer.score(record, record.reference)
            wrong |= {} if score == 1 else {name: score}
    assert wrong == {}


@needs_package
def test_the_same_draw_gives_the_same_problems_in_another_process(source, families):
    again = ReasoningGym()
    try:
        for name, family in families.items():
            if family.example:
                assert next(again.examples(Draw(name, {}, seed=1, size=1))) == family.example, name
    finally:
        again.close()


@needs_package
@pytest.mark.parametrize("family", ["family_relationships", "list_functions"])
def test_which_problems_were_made_before_makes_no_difference(source, family):
    draw = Draw(family, {}, seed=3, size=25)
    again = ReasoningGym()
    try:
        list(again.examples(Draw(family, {}, seed=4, size=2)))
        made = list(source.examples(draw))
        assert made == list(again.examples(draw))
        assert made[:7] == list(again.examples(Draw(family, {}, seed=3, size=7)))
    finally:
        again.close()
    assert len({example.question for example in made}) > 10


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
def test_partial_credit_and_wrong_answers(scorer):
    record = problem("countdown")
    assert scorer.score(record, record.reference) == 1.0
    assert 0 < scorer.score(record, "1 + 1") < 1
    assert scorer.score(record, "") < scorer.score(record, "1 + 1")


@needs_package
def test_without_the_sandbox_no_answer_is_evaluated(unsafe_scorer):
    for family in READ_AS_CODE:
        with pytest.raises(UnscoredError, match="needs the sandbox: the scorer of this family evaluates the answer"):
            unsafe_scorer.score(problem(family), "1")
    assert not unsafe_scorer._plain.started
    assert unsafe_scorer.score(problem("chain_sum"), problem("chain_sum").reference) == 1.0


@needs_package
def test_another_version_s_scorers_are_not_trusted(scorer, monkeypatch):
    monkeypatch.setattr("trajectories.adapters.procedural.scorer.version", lambda _: "0.2.0")
    with pytest.raises(UnscoredError, match=r"found reasoning-gym 0\.2\.0, whose scorers were not tried, expected"):
        scorer.score(problem("chain_sum"), "1")


@needs_package
def test_what_one_answer_does_to_its_process_the_next_does_not_meet(scorer):
    """A harmless answer that has the scorer's module count itself: it is never more than the first."""
    record = problem("string_insertion")
    counting = "[*(getattr(__import__('sys'), 'mark', '')), setattr(__import__('sys'), 'mark', 'x')][:-1]"
    first = scorer.score(record, counting)
    assert scorer.score(record, counting) == first
    assert scorer.score(record, record.reference) == 1.0


@pytest.mark.parametrize("value", ["1", None, True, float("nan"), float("inf"), [1], {}])
def test_a_score_is_a_number(value):
    with pytest.raises(ProceduralError, match="as a score, expected a number"):
        read_score(value)


def test_scores_are_kept_between_0_and_1():
    assert (read_score(7), read_score(-3.5), read_score(0.25)) == (1.0, 0.0, 0.25)


@needs_package
def test_a_long_answer_is_an_error_and_no_zero(scorer):
    with pytest.raises(ProceduralError, match="the answer has 20,001 characters, expected at most 20,000"):
        scorer.score(problem("chain_sum"), "1" * (MAX_ANSWER + 1))


@needs_package
def test_what_takes_too_long_is_stopped_and_the_next_request_served():
    made = ReasoningGym()
    try:
        first = next(made.examples(Draw("chain_sum", {}, seed=1, size=1)))
        child = made._child._child
        with pytest.raises(ProceduralError, match="took longer than 1 s"):
            list(made.examples(Draw("chain_sum", {"min_terms": 10**8, "max_terms": 10**8}, seed=1, size=1), seconds=1))
        assert child._process.returncode is not None
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
