r"""Finding mathematics in Markdown: `\( \)`, `\[ \]` and bare environments, also inside paragraphs and lists.

The public plugins do not: one loses the second of two formulas in a paragraph, and both know some environments only at
the start of a line. `$` is left to the plugin that knows it.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

ENVIRONMENTS = (
    *("align", "aligned", "alignat", "alignedat", "flalign", "array", "cases", "dcases", "equation", "eqnarray"),
    *("gather", "gathered", "multline", "split", "matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix"),
    "smallmatrix",
)
_OPENING = re.compile(r"\\(?:\(|\[|begin\{(" + "|".join(ENVIRONMENTS) + r")(\*?)\})")
_DISPLAYED = re.compile(r"\\(?:\[|begin)")
_ENDING = re.compile(r"[\s.,;:]*")
_FENCED = re.compile(r"(^ {0,3}(?:```|~~~).*?(?:^ {0,3}(?:```|~~~)[ \t]*$|\Z))", re.MULTILINE | re.DOTALL)
_WITHIN = re.compile(
    r"^(?!\s*>|[ \t]*(?:[*+-]|\d+[.)])?[ \t]*\\\[)([ \t]*\S[^\n]*?)"
    r"(\\\[(?:(?!\n[ \t]*\n|\\\[|\\\]).){1,2000}?\\\])",
    re.MULTILINE | re.DOTALL,
)
_STARS = re.compile(r"\*{1,2}(?!\*)")
_STAR = ord("*")


def mathematics_plugin(markdown: MarkdownIt) -> None:
    """Add tokens `math_marked` (inline, `tag` "span" or "div") and `math_marked_block`; content without delimiters."""
    markdown.inline.ruler.before("escape", "math_marked", _inline)
    markdown.inline.ruler.before("emphasis", "operators", _operator)
    markdown.block.ruler.before(
        "blockquote", "math_marked_block", _block, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )


def _closing(opened: re.Match[str]) -> str:
    if opened[1]:
        return f"\\end{{{opened[1]}{opened[2]}}}"
    return "\\)" if opened[0] == "\\(" else "\\]"


def _content(opened: re.Match[str], inner: str) -> str:
    return f"{opened[0]}{inner}{_closing(opened)}" if opened[1] else inner


def _inline(state: StateInline, silent: bool) -> bool:
    opened = _OPENING.match(state.src, state.pos, state.posMax)
    if opened is None:
        return False
    end = state.src.find(_closing(opened), opened.end(), state.posMax)
    if end < 0:
        if opened[1]:
            return False
        # Not closed, as in a text that was cut off: shown with its backslash, which is no escape here.
        if not silent:
            state.pending += opened[0]
        state.pos = opened.end()
        return True
    if not silent:
        token = state.push("math_marked", "span" if opened[0] == "\\(" else "div", 0)
        token.content = _content(opened, state.src[opened.end() : end])
    state.pos = end + len(_closing(opened))
    return True


def _block(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    r"""A formula that has lines of its own: their `-`, `+` and `=` would make lists and headings of it."""
    start = state.bMarks[first] + state.tShift[first]
    if state.is_code_block(first) or not _DISPLAYED.match(state.src, start):
        return False
    opened = _OPENING.match(state.src, start)
    if opened is None:
        return False
    for line in range(first, last):
        if line > first and state.sCount[line] < state.blkIndent and not state.isEmpty(line):
            return False
        begin = opened.end() if line == first else state.bMarks[line]
        found = state.src.find(_closing(opened), begin, state.eMarks[line])
        if found >= 0:
            break
    else:
        return False
    behind = found + len(_closing(opened))
    if not _ENDING.fullmatch(state.src, behind, state.eMarks[line]):
        return False
    if not silent:
        token = state.push("math_marked_block", "div", 0)
        token.block, token.map = True, [first, line + 1]
        text = state.getLines(first, line + 1, state.blkIndent, False).lstrip()
        inner = text[opened.end() - opened.start() : text.find(_closing(opened))]
        token.content = _content(opened, inner)
        token.info = state.src[behind : state.eMarks[line]].strip()
    state.line = line + 1
    return True


def _operator(state: StateInline, silent: bool) -> bool:
    """`2*3*4` and `x**2` are products and powers, not emphasis: a star between letters and digits stays a star.

    Unless emphasis was begun before: `**Step 1**then` ends it.
    """
    run = _STARS.match(state.src, state.pos, state.posMax)
    if run is None or state.pos == 0 or run.end() >= state.posMax:
        return False
    before, behind = state.src[state.pos - 1], state.src[run.end()]
    if not (before + behind).isascii() or not (before.isalnum() and behind.isalnum()):
        return False
    if len(run[0]) == 2 and not (before.isdigit() or behind.isdigit()):
        return False
    if _is_emphasis_open(state):
        return False
    if not silent:
        state.pending += run[0]
    state.pos = run.end()
    return True


def _is_emphasis_open(state: StateInline) -> bool:
    depth = 0
    for mark in state.delimiters:
        if mark.marker == _STAR:
            depth += -1 if mark.close and depth else int(mark.open)
    return depth > 0


def join_formulas(text: str) -> str:
    r"""Put a formula `\[ \]` that begins within a line on one line: a line of it that begins with `-` is no list.

    To LaTeX an end of line is a space. Fenced code stays as it is.
    """
    parts = _FENCED.split(text)
    return "".join(part if number % 2 else _WITHIN.sub(_joined, part) for number, part in enumerate(parts))


def _joined(found: re.Match[str]) -> str:
    return found[1] + re.sub(r"\s*\n[ \t]*", " ", found[2])
