"""Answers that mean the same have one form, by which votes are counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.identity import canonical_json, content_hash
from trajectories.core.records import ProblemKind
from trajectories.core.verifiers.normal_forms import normal_answer

CHOICES = {"choices": ["Red", "Blue"]}


@pytest.mark.parametrize(
    ("kind", "spec", "same"),
    [
        ("numeric", {}, ["1,000", "1000.0", 1000, "1000.", " 1e3 "]),
        ("numeric", {}, ["1/2", "0.5", 0.5, "½", r"\frac12", r"$\dfrac{1}{2}$", "x = 1/2", r"\boxed{0.5}", "one half"]),
        ("numeric", {}, ["42", "42 seats", "$42", "42 dollars", r"42^\circ", "42."]),
        ("numeric", {}, ["5 km", "5000 m", "5 kilometres"]),
        ("numeric", {}, [r"\frac{\sqrt{2}}{2}", r"\frac{1}{\sqrt{2}}", "√2/2"]),
        ("numeric", {}, ["(x-1)(x+1)", "x^2-1", "-1 + x²"]),
        ("numeric", {}, ["x < 3", r"(-\infty, 3)", "3 > x", r"x \in (-\infty,3)"]),
        ("numeric", {}, ["(0, 1)", "]0, 1[", "]0; 1[", "(0; 1)", "0 < x < 1", r"\left]0,1\right["]),
        ("numeric", {}, ["[0, 1)", "[0, 1[", "0 ≤ x < 1"]),
        ("numeric", {}, [r"(-\infty,-1]\cup[2,\infty)", "(-∞,-1] U [2,∞)", "]-∞,-1] ∪ [2,∞[", "x ≤ -1 or x ≥ 2"]),
        ("numeric", {}, [r"\{1, 2\}", "2, 1", "x = 1 or x = 2"]),
        ("numeric", {}, [r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}"]),
        ("choice", {**CHOICES, "many": True}, ["A, B", ["B", "A"], "A and B"]),
        ("text", {}, ["Yes", "yes, it is even.", "True"]),
        ("choice", CHOICES, ["B", "b", "(B)", "blue", 1]),
        ("text", {}, ["Paris", " paris. ", "PARIS"]),
        ("procedural", {}, ["a  b", "A b"]),
    ],
)
def test_the_same_answer_has_one_form(kind, spec, same):
    assert len({canonical_json(normal_answer(kind, spec, answer)) for answer in same}) == 1


@pytest.mark.parametrize(
    ("kind", "spec", "left", "right"),
    [
        ("numeric", {}, "45%", "45"),
        ("numeric", {}, "3 km", "3 m"),
        ("choice", CHOICES, "A", "B"),
        ("numeric", {}, "x < 3", "x <= 3"),
        ("numeric", {}, "(1, 2)", r"\{1, 2\}"),
        ("numeric", {}, "|x|", "x"),
        ("numeric", {}, "x^2 = 42", "42"),
        ("numeric", {}, "]0, 1]", "(0, 1)"),
        ("numeric", {}, "42", "42 pairs of"),
        ("numeric", {}, "42", "42 thousand"),
        ("text", {}, "Paris", "Rome"),
        ("text", {}, None, "None"),
    ],
)
def test_different_answers_stay_different(kind, spec, left, right):
    assert normal_answer(kind, spec, left) != normal_answer(kind, spec, right)


def test_two_choices_named_are_no_vote():
    assert normal_answer("choice", CHOICES, "A or B") is None
    assert normal_answer("choice", CHOICES, "A and B") is None


def test_grids_stay_as_they_are():
    assert normal_answer("arc", {}, [[[1, 2]]]) == [[[1, 2]]]


@pytest.mark.parametrize("answer", ["<A", "x<", ">", "x∈", "1∪", "∪", "A>", "=", "≤ b", "x = "])
def test_half_a_statement_still_has_a_form(answer):
    form = normal_answer("numeric", {}, answer)
    assert form is not None
    assert normal_answer("numeric", {}, form) == form


@given(st.sampled_from(list(ProblemKind)), st.none() | st.text() | st.integers() | st.lists(st.integers()))
def test_any_answer_has_a_form_and_forms_are_stable(kind, answer):
    form = normal_answer(kind, CHOICES, answer)
    assert normal_answer(kind, CHOICES, form) == form


def test_forms_change_only_with_a_recount_of_the_traces_that_are_there():
    """Traces keep the hash of this form: where this fails, recount as votes_by_mathematics does, and freeze it anew."""
    answers = [
        "0.5",
        "42 seats",
        "$42",
        "45%",
        "5 km",
        r"\sqrt{2}",
        "x^2-1",
        "(1, 2)",
        "x < 3",
        r"\{1, 2\}",
        "y = 2x",
        "prose",
    ]
    forms = [normal_answer("numeric", {}, answer) for answer in answers]
    forms += [normal_answer("choice", CHOICES, answer) for answer in ("B", "blue", "A or B")]
    forms += [normal_answer("text", {}, answer) for answer in ("Paris", "Yes, it is.")]
    assert content_hash(forms) == "5df8cab9a04fb15a970b68dddf9a9703b5a3ef759a3bec7cc0a5f468191daa7c"
