import os
import sys
from collections.abc import Iterator
from fractions import Fraction

import pytest

from trajectories.adapters import expressions
from trajectories.adapters.child import WarmChild, resident_bytes
from trajectories.adapters.expressions import ExpressionComparer, comparing
from trajectories.core.verifiers.expressions import ExpressionError


@pytest.fixture(scope="module", params=["auto", "monty"])
def comparer(request: pytest.FixtureRequest) -> Iterator[ExpressionComparer]:
    """In the sandbox, where there is one, and without it."""
    made = ExpressionComparer(request.param)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("expected", "found", "equal"),
    [
        ("(1,2]", "(1, 2]", True),
        ("(1,2]", "[1,2]", False),
        (r"\{1,2\}", "2, 1", True),
        ("y=2x+1", "2x+1=y", True),
        ("x^2-1", "(x-1)(x+1)", True),
        ("x^2-1", "(x-1)(x+2)", False),
        ("x=3", "y=3", False),
        ("3", "x", False),
        ("x>3", r"(3,\infty)", True),
        ("3+4i", "4i+3", True),
        (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1\\2\end{pmatrix}", True),
    ],
)
def test_expressions_are_compared_by_meaning(
    comparer: ExpressionComparer, expected: str, found: str, equal: bool
) -> None:
    compared = comparer.compare(expected, found)
    assert (compared.equal, compared.numbers, compared.unreadable) == (equal, None, "")
    assert compared.engine.startswith("math-verify ")


def test_numbers_come_exactly_or_to_30_digits(comparer: ExpressionComparer) -> None:
    large = comparer.compare("2^{100}", str(2**100 + 1)).numbers
    assert large == (2**100, 2**100 + 1)
    assert comparer.compare(r"\log_2 8", "x=3").numbers == (3, 3)
    tiny = comparer.compare(r"\frac{\pi}{10^{20}}", r"\frac{\pi}{10^{21}}").numbers
    assert tiny is not None
    assert abs(tiny[0] / tiny[1] - 10) < Fraction(1, 10**25)


def test_what_cannot_be_read_says_which(comparer: ExpressionComparer) -> None:
    assert comparer.compare("x", "{" * 20).unreadable == "found"
    assert comparer.compare(r"\frac{", "x").unreadable == "expected"
    assert comparer.compare("x", r"\frac{1}{0}").unreadable == "found"
    assert comparer.compare("x", "\0\ud800\u202e").unreadable == "found"


def test_nothing_that_is_compared_is_compiled() -> None:
    """What lets expressions be read where there is no sandbox: no text reaches Python's compiler, eval or exec."""
    heard: list[str] = []
    listening = True

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        if listening and event in ("compile", "exec") and any("zqmarker" in str(each) for each in arguments):
            heard.append(event)

    sys.addaudithook(hear)
    for form in ("{}", "x + {}", r"\text{{{}}}", r"\operatorname{{{}}}", "{}(1)", "{}.real", "'{}'", r"x_{{{}}} = 3"):
        for text in (form.format("zqmarker"), form.format("zqmarker()")):
            comparing.answer(None, {"expected": text, "found": text})
            comparing.answer(None, {"expected": "x", "found": text})
    assert heard == []
    compile("zqmarker", "<test>", "eval")
    listening = False
    assert heard == ["compile"]


def test_code_is_not_run(comparer: ExpressionComparer, tmp_path) -> None:
    target = tmp_path / "written"
    for text in (f"__import__('pathlib').Path('{target}').touch()", f"open('{target}', 'w')"):
        comparer.compare("x", text)
    assert not target.exists()


@pytest.mark.parametrize(
    "hostile",
    [
        "10^{10^8}",
        "9^{9^{9^9}}",
        "99999999!",
        r"\sum_{n=1}^{10^9} n^n",
        r"\int_0^1 e^{x^{x^x}} dx",
        r"\binom{10^8}{5\cdot 10^7}",
        "x^" * 100 + "x",
        "((x+1)(x+2)(x+3))^{3000}",
    ],
)
def test_an_expression_without_end_is_an_error(hostile: str, impatient: ExpressionComparer) -> None:
    with pytest.raises(ExpressionError, match=r"comparing took longer than 0\.3 s|too large|too much memory"):
        impatient.compare("x^2", hostile)


@pytest.fixture(scope="module", params=["auto", "monty"])
def impatient(request: pytest.FixtureRequest) -> Iterator[ExpressionComparer]:
    made = ExpressionComparer(request.param, seconds=0.3)
    yield made
    made.close()


def test_a_comparer_goes_on_after_an_error() -> None:
    made = ExpressionComparer("monty", seconds=2.0)  # time enough for an easy one on a busy machine
    try:
        with pytest.raises(ExpressionError, match="longer"):
            made.compare("1", "10^{10^8}")
        assert not made.started
        assert made.compare("1", "2").numbers == (1, 2)
        os.kill(made._child._child._process.pid, 9)
        with pytest.raises(ExpressionError, match="ended its process"):
            made.compare("1", "2")
    finally:
        made.close()


def test_a_child_that_holds_too_much_memory_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expressions, "RESIDENT_BYTES", 1024)
    made = ExpressionComparer("monty")
    if not resident_bytes(os.getpid()):
        pytest.skip("/proc does not tell how much memory a process holds")
    with pytest.raises(ExpressionError, match="too much memory"):
        made.compare("1", "10^{10^8}")
    assert not made.started


def test_the_sandbox_is_demanded_where_the_setting_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ExpressionError, match="bwrap is not installed"):
        ExpressionComparer("bubblewrap").compare("1", "x")
    made = ExpressionComparer("auto")
    assert made.compare("x", "x").equal
    assert isinstance(made._child, WarmChild)
    made.close()


def test_long_expressions_are_refused_before_anything_starts() -> None:
    made = ExpressionComparer()
    with pytest.raises(ExpressionError, match="more than 300 characters"):
        made.compare("1", "1" * 301)
    assert not made.started
