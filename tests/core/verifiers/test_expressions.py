import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.answers.expressions import MAX_CHARACTERS, MAX_DEPTH, read_expression


@pytest.mark.parametrize(
    ("text", "latex", "unit"),
    [
        (r"$2\sqrt{3}$", r"2\sqrt{3}", ""),
        (r"\(2\pi\).", r"2\pi", ""),
        (r"2\sqrt{3}\text{ cm}", r"2\sqrt{3}", "cm"),
        (r"$\frac{\pi}{2}$ meters", r"\frac{\pi}{2}", "m"),
        (r"$\pi$ of the cake", r"\pi", ""),
        (r"\frac{\pi}{2} cm^2", r"\frac{\pi}{2}", "cm^2"),
        ("x = 1 or x = 2", "x = 1 or x = 2", ""),
        ("2 pi", "2 pi", ""),
        (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1\\2\end{pmatrix}", ""),
    ],
)
def test_expressions_lose_delimiters_and_unit(text: str, latex: str, unit: str) -> None:
    found = read_expression(text)
    assert found is not None
    assert (found.latex, found.unit) == (latex, unit)


@pytest.mark.parametrize(
    "text",
    ["", "12 is wrong, 13 is right", "about twelve", r"\frac{1}{2", "}{", "x" * (MAX_CHARACTERS + 1),
     "(" * (MAX_DEPTH + 1) + "1" + ")" * (MAX_DEPTH + 1)],
)  # fmt: skip
def test_what_is_no_expression(text: str) -> None:
    assert read_expression(text) is None


@given(st.text(alphabet="$\\{}()[]ab1 =text.,^_"))
def test_reading_is_total_and_bounded(text: str) -> None:
    found = read_expression(text)
    assert found is None or 0 < len(found.latex) <= MAX_CHARACTERS
