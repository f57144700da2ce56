from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.text import markup
from trajectories.core.text.markup import render_code, render_markdown, show_unprintable

HARMLESS = {"href", "title", "rel", "start", "class", "display", "stretchy", "fence", "form", "separator"}
HARMLESS |= {"mathvariant", "linethickness", "width", "columnalign", "alttext", "accent", "minsize", "maxsize"}
HARMLESS |= {"displaystyle", "scriptlevel", "notation"}


class Reader(HTMLParser):
    """Collects every tag and attribute of a piece of HTML."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes += attributes


def assert_harmless(rendered):
    found = Reader(rendered)
    assert found.tags <= markup.TAGS
    assert {name for name, _ in found.attributes} <= HARMLESS
    for name, value in found.attributes:
        assert name != "href" or value.startswith(("http://", "https://", "mailto:")), value


pieces = st.sampled_from(
    [
        *("<script>alert(1)</script>", "<img src=x onerror=y>", "[a](javascript:x)", "![p](https://e.example/p.png)"),
        *(
            "[b](data:text/html,x)",
            "<https://a.example>",
            "$\\href{javascript:x}{y}$",
            "$\\text{<script>}$",
            "```",
            "`",
        ),
        *("$$\\frac{1}{", "</math><style>", "| a | b |\n|---|---|\n", "\n\n", "# ", "> ", "- ", "**", "\u202e", "\0"),
        *("[c](/admin/)", "[d]: javascript:x\n", "[d]", "<svg/onload=x>", "```python\n", "&lt;b&gt;", "word "),
    ]
)


@given(st.lists(pieces | st.text(max_size=20)).map("".join))
def test_whatever_is_written_becomes_harmless_html(text):
    assert_harmless(render_markdown(text))
    assert_harmless(render_code(text, "python"))


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "[a](JaVaScRiPt:alert(1))",
        "[a](&#106;avascript:alert(1))",
        "[a](vbscript:x)",
        "[a](data:text/html;base64,PHNjcmlwdD4=)",
        "<a href='javascript:x'>y</a>",
        "<iframe src=//evil.example></iframe>",
        "<style>*{display:none}</style>",
        "<form action=//evil.example><input></form>",
        "```html\n<script>alert(1)</script>\n```",
    ],
)
def test_what_would_run_or_lead_elsewhere_is_shown_as_text(text):
    rendered = render_markdown(text)
    assert_harmless(rendered)
    assert Reader(rendered).tags <= {"p", "pre", "code", "span"}


def test_pictures_of_other_hosts_are_their_description():
    assert render_markdown("![a chart](https://evil.example/p.png)") == "<p><span>a chart</span></p>\n"


def test_links_to_the_web_say_nothing_of_where_they_were_followed():
    rendered = render_markdown("[paper](https://arxiv.org/abs/1911.01547)")
    assert 'href="https://arxiv.org/abs/1911.01547"' in rendered
    assert 'rel="noopener noreferrer nofollow"' in rendered


def test_a_link_into_the_application_leads_nowhere():
    assert "href" not in render_markdown("[log out](/logout/)")


def test_markdown_tables_code_and_mathematics_are_drawn():
    rendered = render_markdown("**b** `c` $x^2$\n\n$$\\frac{1}{2}$$\n\n|a|\n|-|\n|1|\n\n```python\ndef f(): pass\n```")
    for part in (
        "<strong>b</strong>",
        "<code>c</code>",
        "<msup>",
        "<mfrac>",
        "<td>1</td>",
        '<span class="k">def</span>',
    ):
        assert part in rendered


def test_headings_leave_the_first_two_levels_to_the_page():
    assert render_markdown("# One\n\n###### Six") == "<h3>One</h3>\n<h6>Six</h6>\n"


def test_a_formula_that_cannot_be_read_stays_as_it_is_written():
    assert render_markdown("$\\left($") == "<p><span><code>\\left(</code></span></p>\n"
    assert "<code>" in render_markdown("$" + "{" * 900 + "$")


def test_classes_of_the_page_cannot_be_borrowed():
    assert "notice" not in markup._sanitise('<span class="notice fail k">x</span>')


@pytest.mark.parametrize("character", ["\u202e", "\u2066", "\u200b", "\0", "\x1b", "\ufeff", "\U000e0041"])
def test_what_hides_or_reorders_is_shown_by_its_number(character):
    shown = f"‹U+{ord(character):04X}›"
    assert show_unprintable(f"a{character}b") == f"a{shown}b"
    assert shown in render_markdown(f"a{character}b")
    assert shown in render_code(f"x = '{character}'", "python")


def test_letters_of_every_script_line_ends_and_tabs_stay():
    text = "Ünïcödé 数学 עברית\tend\r\nnext 🙂"
    assert show_unprintable(text) == text.replace("\r\n", "\n")


def test_a_text_too_long_to_lay_out_is_shown_whole_as_it_is():
    text = "**b** <" * 10_000
    rendered = render_markdown(text)
    assert rendered.startswith("<pre><code>**b** &lt;")
    assert rendered.count("**b**") == 10_000


def test_a_program_is_coloured_without_losing_a_character():
    source = "\n\ndef transform(grid):\n    return [row[::-1] for row in grid]  # <mirror>\n"
    rendered = render_code(source, "python")
    assert "".join(_texts(rendered)) == source
    assert '<span class="k">def</span>' in rendered
    assert render_code("<x>", "no such language") == "&lt;x&gt;"


def _texts(rendered):
    texts = []

    class Texts(HTMLParser):
        def handle_data(self, data):
            texts.append(data)

    Texts().feed(rendered)
    return texts
