"""Names that nobody vouches for, as labels in a drawing.

plotly.js reads a small HTML in every label: links, line breaks, colours. A name is no markup, so what would be is
written as entities, which it turns back into characters; controls that reorder or hide text are taken out.
"""

import html
import unicodedata

LONGEST_LABEL = 32
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
"""Categories of characters that are not seen, or change how others are: controls, formats, private ones."""


def plain_label(text: str, longest: int = LONGEST_LABEL) -> str:
    """The text in one line without hidden characters, cut in the middle of nothing: "…" stands for the rest."""
    seen = "".join(" " if unicodedata.category(each) in _HIDDEN else each for each in text[: 40 * longest])
    line = " ".join(seen.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def plot_label(text: str, longest: int = LONGEST_LABEL) -> str:
    """The label as plotly.js is to be told it: nothing in it is markup."""
    return html.escape(plain_label(text, longest), quote=False)
