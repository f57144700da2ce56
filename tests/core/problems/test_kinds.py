"""Kinds of problems: each has an object, whose functions take whatever a model says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.identity import canonical_json
from trajectories.core.problems.kinds import KINDS, QUESTIONS
from trajectories.core.prompts.shipped import SHIPPED
from trajectories.core.records import ProblemKind, PublicProblem

SPECS = [{}, {"choices": ["red", "green"]}, {"choices": ["red", "green"], "many": True}, {"match": "json"}]
VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda each: st.lists(each, max_size=3))


def test_every_kind_has_an_object_with_names_of_its_own():
    assert set(KINDS) == set(ProblemKind)
    assert len({kind.title for kind in KINDS.values()}) == len({kind.plural for kind in KINDS.values()}) == len(KINDS)


@pytest.mark.parametrize("word", KINDS)
def test_the_instruction_that_a_run_begins_with_is_a_shipped_one(word):
    assert KINDS[word].usual_instruction in {each.record.name for each in SHIPPED}


def test_what_a_model_may_write_is_read_as_a_question_is():
    """What a reviewer changes of a written problem is read by the rules of an import."""
    assert {word for word, kind in KINDS.items() if kind.written is not None} <= set(QUESTIONS)


@pytest.mark.parametrize("word", KINDS)
@given(spec=st.sampled_from(SPECS), text=st.text())
def test_an_answer_is_looked_for_in_any_text(word, spec, text):
    problem = PublicProblem(word, "p", "What is it?", spec, "hash")
    found = KINDS[word].find(problem, text)
    assert found is None or 0 <= found.start <= found.end <= len(text)


@pytest.mark.parametrize("word", KINDS)
@given(spec=st.sampled_from(SPECS), answer=VALUES)
def test_any_answer_has_a_form_that_keeps_its_form(word, spec, answer):
    if word is ProblemKind.CHOICE and not isinstance(answer, str | list):
        return
    form = KINDS[word].normal_form(spec, answer)
    canonical_json(form)
