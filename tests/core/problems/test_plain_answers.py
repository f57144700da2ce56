"""Which answers may be evaluated without doing anything but giving their value."""

import pytest

from trajectories.core.problems.plain_answers import is_plain_answer
from trajectories.core.problems.procedural_families import CodeForm


@pytest.mark.parametrize(
    "text",
    ["58 + 39 - 19", "(1 + 2)*3/4", "x**2/2 + C", "-3*X**5/10 + 2.5*x", "exp(x)*sin(2*x) + log(x, 2)", "x^2 = 4", ".5"],
)
def test_expressions(text):
    assert is_plain_answer(CodeForm.EXPRESSION, text)


@pytest.mark.parametrize(
    "text",
    [
        *("__import__('os')", "x.real", "().__class__", "entry", "answer", "f'x'", "'24'", "[24]", "x[0]", "{1}"),
        *("lambda: 1", "x if x else y", "open(x)", "S('x')", "x; y", "x := 1", "@x", "1 # x", "ＡＢ(x)", "sin.real"),
    ],
)
def test_what_is_more_than_an_expression(text):
    assert not is_plain_answer(CodeForm.EXPRESSION, text)


@pytest.mark.parametrize(
    "text", ["0 1 2\n3 4 5", "_ _ Q\nQ _ _", "[1, 2, -3.5]", "[['_', 'Q'], [\"Q\", '_']]", "['A', 'B']", "[]", ""]
)
def test_lists(text):
    assert is_plain_answer(CodeForm.LISTS, text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "oracle_answer",
            "[oracle_answer]",
            "[1][0]",
            "'a'[0]",
            "['a'].pop",
            "('a')",
            "[x for x in '1']",
            "[1] + [2]",
        ),
        *("['a' 'b']['x']", "[1](2)", "'%s' % 1", "['\\x41']", "{'a': 1}", "[f'1']", "[1,,2]", "[*[1]]"),
    ],
)
def test_what_is_more_than_lists(text):
    assert not is_plain_answer(CodeForm.LISTS, text)
