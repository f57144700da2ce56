"""Rendering text that nobody vouches for: Markdown, mathematics and code in, harmless HTML out.

Raw HTML in the text stays text, pictures become their description, links keep only web and mail addresses, and
everything passes a sanitiser at the end, whatever the parts before it may have let through.
"""

import html
import re
from collections.abc import Sequence
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from trajectories.core.text.math_marks import join_formulas, mathematics_plugin
from trajectories.core.text.mathematics import draw_formula

RENDER_CHARACTERS = 30_000
"""Longer texts are shown as they are: nobody reads their layout, and rendering should stay quick."""

HIGHLIGHT_CHARACTERS = 50_000
CACHED_TEXTS = 512
"""A curator sees the same text again and again: after each submission, and in every sample of a run."""

MATH_TAGS = frozenset(
    [
        "math",
        "mi",
        "mn",
        "mo",
        "ms",
        "mtext",
        "mspace",
        "mrow",
        "mfrac",
        "msqrt",
        "mroot",
        "mstyle",
        "mpadded",
        "mphantom",
        "menclose",
        "msub",
        "msup",
        "msubsup",
        "munder",
        "mover",
        "munderover",
        "mmultiscripts",
        "mprescripts",
        "mtable",
        "mtr",
        "mtd",
    ]
)
TAGS = MATH_TAGS | frozenset(
    [
        "p",
        "br",
        "hr",
        "h3",
        "h4",
        "h5",
        "h6",
        "em",
        "strong",
        "del",
        "code",
        "pre",
        "blockquote",
        "ul",
        "ol",
        "li",
        "a",
        "span",
        "div",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    ]
)
ATTRIBUTES = {
    "a": {"href", "title"},
    "ol": {"start"},
    "span": {"class"},
    "math": {"display", "alttext"},
    "mo": {"stretchy", "fence", "form", "separator", "accent", "minsize", "maxsize"},
    "mi": {"mathvariant"},
    "mtext": {"mathvariant"},
    "mfrac": {"linethickness"},
    "mspace": {"width"},
    "mstyle": {"displaystyle", "scriptlevel"},
    "mover": {"accent"},
    "munder": {"accent"},
    "menclose": {"notation"},
    "mtable": {"displaystyle"},
    "mtd": {"columnalign", "class"},
}
CLASS_NAME = re.compile(r"[a-z][a-z0-9]{0,2}|unprintable")

# Characters that show nothing, or make a line read differently from what it says: bidirectional controls
# (CVE-2021-42574), zero-width ones, and control characters other than tab and line feed.
_UNPRINTABLE = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)


def show_unprintable(text: str) -> str:
    """Replace every character that hides or reorders by its number, as ‹U+202E›; CR LF becomes LF."""
    return _UNPRINTABLE.sub(lambda found: f"‹U+{ord(found[0]):04X}›", text.replace("\r\n", "\n"))


@lru_cache(CACHED_TEXTS)
def render_markdown(text: str) -> str:
    """Markdown (CommonMark with tables, strikethrough and mathematics) as harmless HTML."""
    shown = show_unprintable(text)
    if len(shown) > RENDER_CHARACTERS:
        return f"<pre><code>{html.escape(shown)}</code></pre>"
    return _sanitise(_MARKDOWN.render(join_formulas(shown)))


@lru_cache(CACHED_TEXTS)
def render_code(source: str, language: str) -> str:
    """Source code as spans with Pygments' short class names, to be put inside a <pre>."""
    return _sanitise(_highlight(show_unprintable(source), language))


def _highlight(source: str, language: str) -> str:
    if len(source) <= HIGHLIGHT_CHARACTERS:
        try:
            return str(highlight(source, get_lexer_by_name(language, stripnl=False), HtmlFormatter(nowrap=True)))
        except ClassNotFound:
            pass
    return html.escape(source)


def _dollar_formula(source: str, options: dict[str, bool]) -> str:
    return draw_formula(source, display=options["display_mode"])


def _marked_formula(tokens: Sequence[Token], index: int, _options: OptionsDict, _: EnvType) -> str:
    """A formula in LaTeX's own marks; what a line ends with behind it, such as a full stop, stays behind it."""
    token = tokens[index]
    drawn = draw_formula(token.content, display=token.tag == "div")
    shell = "div" if token.block else "span"
    return f"<{shell}>{drawn}{html.escape(token.info)}</{shell}>" + ("\n" if token.block else "")


def _dollar_formula_within(tokens: Sequence[Token], index: int, _options: OptionsDict, _: EnvType) -> str:
    """`$$x$$` within a paragraph, which cannot hold the plugin's own <div>."""
    return f"<span>{draw_formula(tokens[index].content, display=True)}</span>"


def _heading_down(tokens: Sequence[Token], index: int, _options: OptionsDict, _: EnvType) -> str:
    """Headings of a text start at level 3: levels 1 and 2 belong to the page around it."""
    level = min(6, int(tokens[index].tag[1]) + 2)
    return f"<h{level}>" if tokens[index].nesting == 1 else f"</h{level}>\n"


def _no_picture(tokens: Sequence[Token], index: int, _options: OptionsDict, _: EnvType) -> str:
    """A picture from elsewhere would tell its host who reads what: its description stands for it."""
    return f"<span>{html.escape(tokens[index].content or 'picture')}</span>"


def _make_markdown() -> MarkdownIt:
    settings = {"html": False, "linkify": False, "highlight": lambda source, language, _: _highlight(source, language)}
    markdown = MarkdownIt("commonmark", settings, renderer_cls=RendererHTML).enable(["table", "strikethrough"])
    markdown.use(dollarmath_plugin, renderer=_dollar_formula, allow_digits=False, double_inline=True)
    rules = markdown.renderer.rules  # type: ignore[attr-defined]
    rules["heading_open"] = rules["heading_close"] = _heading_down
    rules["image"] = _no_picture
    markdown.use(mathematics_plugin)
    rules["math_inline_double"] = _dollar_formula_within
    rules["math_marked"] = rules["math_marked_block"] = _marked_formula
    return markdown


def _keep(_tag: str, attribute: str, value: str) -> str | None:
    """Of classes only those that code highlighting uses: a text must not borrow the looks of the page."""
    if attribute == "class":
        return " ".join(word for word in value.split() if CLASS_NAME.fullmatch(word)) or None
    return value


def _sanitise(markup: str) -> str:
    return nh3.clean(
        markup,
        tags=set(TAGS),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        attribute_filter=_keep,
        url_schemes={"http", "https", "mailto"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
    )


_MARKDOWN = _make_markdown()
