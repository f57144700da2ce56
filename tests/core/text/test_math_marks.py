import pytest

from trajectories.core.text.markup import render_markdown


def sources(text):
    """LaTeX of each formula that is drawn."""
    parts = render_markdown(text).split('alttext="')[1:]
    return [part.split('"')[0].replace("&amp;", "&").replace("&gt;", ">") for part in parts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"So \(x_1\) and \(a*b*c\) hold.", ["x_1", "a*b*c"]),
        (r"\[ a \] \[ b \]", ["a", "b"]),
        (r"Then \[ \frac{a_{1}}{b_{2}} = 42 \] holds.", [r"\frac{a_{1}}{b_{2}} = 42"]),
        ("\\[\nx\n- 5\n= 3\n\\]", ["x\n- 5\n= 3"]),
        ("With \\[\nx\n- 5\n= 3\n\\] found", ["x - 5 = 3"]),
        ("\\[\n\nx = 4\n\n\\]", ["x = 4"]),
        ("- one\n  \\[\n  x\n  + 4\n  \\].\n- two", ["x\n+ 4"]),
        ("> \\[ a\n> - b \\]", ["a\n- b"]),
        ("1. \\[\n   a\n   + b\n   \\]", ["a\n+ b"]),
        ("\\begin{align*}\nx &= 1 \\\\\n&= 2\n\\end{align*}", ["\\begin{align*}\nx &= 1 \\\\\n&= 2\n\\end{align*}"]),
        (r"It is \begin{cases} 1 \\ 2 \end{cases}, so", [r"\begin{cases} 1 \\ 2 \end{cases}"]),
        (r"$$a$$ within and $b$", ["a", "b"]),
        ("$$\na\n- b\n$$", ["a\n- b"]),
    ],
)
def test_every_way_of_writing_mathematics_is_drawn_whole(text, expected):
    assert sources(text) == expected
    assert "<li>5" not in render_markdown(text)


@pytest.mark.parametrize(
    "text", [r"`\(code\)`", "```\n\\[ code \\]\n```", "    \\[ code \\]", r"It costs $5 and $10.", r"\\(x\\)"]
)
def test_code_money_and_escaped_marks_are_no_mathematics(text):
    assert sources(text) == []


@pytest.mark.parametrize("text", [r"so \(x = 4", "so \\[ x\n= 4", r"\begin{align} x &= 4"])
def test_a_formula_that_was_cut_off_keeps_its_marks(text):
    assert text.split(" x")[0].replace("so ", "") in render_markdown(text)


@pytest.mark.parametrize("text", ["2*3*4 = 24", "a*b*c", "2**3**1 and x**2", "width*height*depth"])
def test_operators_are_not_taken_for_emphasis(text):
    assert render_markdown(text) == f"<p>{text}</p>\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**bold** and *so*", "<strong>bold</strong> and <em>so</em>"),
        ("**Step 1**then 2*3*4", "<strong>Step 1</strong>then 2*3*4"),
        ("**答案**是42", "<strong>答案</strong>是42"),
        ("***both***", "<em><strong>both</strong></em>"),
    ],
)
def test_emphasis_stays_emphasis(text, shown):
    assert render_markdown(text) == f"<p>{shown}</p>\n"


def test_what_stands_behind_a_formula_stays_there():
    assert render_markdown("\\[ x \\].\n\nNext").count(".") == 1
