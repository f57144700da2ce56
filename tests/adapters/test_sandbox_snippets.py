"""Snippets in every engine that works here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.programs import snippets
from trajectories.core.programs.engines import ProgramEngine, ProgramLimits
from trajectories.core.programs.snippets import MAX_CODE, NOTHING, body_of, run_snippet


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("1 + 1", "2"),
        ("print('a')\nprint('b')", "a\nb"),
        ("x = [1, 2]\nprint(len(x))\nx", "2\n[1, 2]"),
        ("x = 3", NOTHING),
        ("", NOTHING),
        ("def f(n):\n    return 1 if n < 2 else n * f(n - 1)\nf(5)", "120"),
        ("text = '''one\n  two'''\nprint(text)", "one\n  two"),
        ("(1 +\n 2)", "3"),
        ("print(1); 2", "1\n2"),
        ("if True:\n    print('yes')", "yes"),
        ("x = 1\nx += 1\nx == 2  # right", "True"),
    ],
)
def test_a_snippet_gives_what_it_prints_and_its_last_value(engine: ProgramEngine, code, text):
    if code == "print(1); 2" and engine.name.startswith("monty"):
        text = "1"
    result = run_snippet(engine, code)
    assert (result.text, result.ok) == (text, True)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("print('before')\n1 / 0", "before\nError: ZeroDivisionError"),
        ("def f(:", "SyntaxError"),
        ("while True: pass", "Error:"),
        ("(" * 3000, "Error"),
        ("print('x' * 100_000)", "printed more than"),
    ],
)
def test_what_goes_wrong_is_said(engine: ProgramEngine, code, words, monkeypatch):
    monkeypatch.setattr(snippets, "LIMITS", ProgramLimits(seconds_per_call=1.0, seconds_total=1.0))
    result = run_snippet(engine, code)
    assert words in result.text
    assert not result.ok
    assert result.data["status"] != "returned"


def test_long_values_and_prints_are_cut_and_say_so(engine: ProgramEngine):
    result = run_snippet(engine, "print('y' * 5000)\n'x' * 9000")
    assert result.ok
    assert result.text.count("(cut here)") == 2
    assert len(result.text) < 6_200


def test_code_that_is_no_code_any_more_is_not_run(monty: ProgramEngine):
    result = run_snippet(monty, "1" * (MAX_CODE + 1))
    assert (result.ok, result.data["status"]) == (False, "refused")
    assert "expected at most 100,000" in result.text


def test_line_numbers_are_those_of_the_snippet(bubblewrap: ProgramEngine):
    assert "(line 2)" in run_snippet(bubblewrap, "x = 1\nx / 0").text


@given(st.text(max_size=200))
def test_any_text_can_be_made_a_body(code):
    assert body_of(code).startswith("def snippet():\n")
