"""One plain spelling for what people and models write as LaTeX, Unicode or ASCII."""

import re
import unicodedata

_WRAPPER = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|sc|normal|color\{\w+\})?|math(?:bf|rm|it|sf|tt|cal|bb|frak|normal)|mbox|hbox|fbox|boxed|"
    r"boldsymbol|bm|operatorname\*?|emph|underline|textbf|displaystyle|ensuremath)\s?\{([^{}]*)\}"
)
_SWITCHES = re.compile(
    r"\\(?:text)?color(?:box)?\s?\{\w+\}|"
    r"\\(?:displaystyle|textstyle|bf|rm|it|large|Large|limits|quad|qquad|left|right|[bB]igg?[lrm]?)(?![A-Za-z])"
)
_VULGAR = {
    "¼": "1/4", "½": "1/2", "¾": "3/4", "⅐": "1/7", "⅑": "1/9", "⅒": "1/10", "⅓": "1/3", "⅔": "2/3", "⅕": "1/5",
    "⅖": "2/5", "⅗": "3/5", "⅘": "4/5", "⅙": "1/6", "⅚": "5/6", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8",
}  # fmt: skip
_VULGAR_SIGN = re.compile(f"(\\d?)\\s?([{''.join(_VULGAR)}])")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿ", "0123456789+-()n")
_SUPERSCRIPT = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿ]+")
_ENCLOSED = re.compile("[Ⓐ-ⓩ①-⑳⑴-⑽]")
_SIGNS = str.maketrans({
    "−": "-", "–": "-", "‐": "-", "‑": "-", "﹣": "-", "＋": "+", "∙": "·", "⋅": "·", "✕": "×", "✖": "×", "⨯": "×",
    "≃": "≈", "≅": "≈", "⩽": "≤", "⩾": "≥", "∶": ":", "⁄": "/", "∕": "/", "º": "°", "˚": "°", "’": "'", "′": "'",
    "″": '"', "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ", "\u200b": "", "\u2060": "", "\ufeff": "",
})  # fmt: skip
_COMMANDS = {
    r"\\%": "%", r"\\\$": "$", r"\\#": "#", r"\\&": "&", r"\\_": "_",
    r"\\times(?![A-Za-z])": "×", r"\\cdot(?![A-Za-z])": "·", r"\\div(?![A-Za-z])": "÷", r"\\pm(?![A-Za-z])": "±",
    r"\\(?:approx|simeq|sim|cong)(?![A-Za-z])": "≈", r"\\(?:leq?|leqslant)(?![A-Za-z])": "≤",
    r"\\(?:geq?|geqslant)(?![A-Za-z])": "≥", r"\\lt(?![A-Za-z])": "<", r"\\gt(?![A-Za-z])": ">",
    r"\\(?:neq?|not=)(?![A-Za-z])": "≠", r"\\infty(?![A-Za-z])": "∞", r"\\pi(?![A-Za-z])": "π",
    r"\\in(?![A-Za-z])": "∈", r"\\cup(?![A-Za-z])": "∪", r"\\(?:to|rightarrow|implies|Rightarrow)(?![A-Za-z])": "→",
    r"\\(?:lbrace)(?![A-Za-z])": r"\\{", r"\\(?:rbrace)(?![A-Za-z])": r"\\}", r"\\(?:lbrack)(?![A-Za-z])": "[",
    r"\\(?:rbrack)(?![A-Za-z])": "]", r"\\(?:mid|vert)(?![A-Za-z])": "|", r"\\(?:emptyset|varnothing)(?![A-Za-z])": "∅",
    r"\\euro(?![A-Za-z])(?:\{\})?": "€", r"\\(?:pounds|textsterling)(?![A-Za-z])(?:\{\})?": "£",
    r"\^\s?\{?\s?\\circ\s?\}?": "°", r"\\(?:degree|textdegree)(?![A-Za-z])(?:\{\})?": "°",
    r"\\(?:mu|micro)(?![A-Za-z])": "µ",
    r"\\Omega(?![A-Za-z])": "Ω", r"\\(?:ldots|dots|cdots)(?![A-Za-z])": "…",
}  # fmt: skip
_COMMAND = [(re.compile(pattern), plain) for pattern, plain in _COMMANDS.items()]
_ALIGNED = re.compile(
    r"\\begin\{(aligned|align\*?|split|gathered|gather\*?|equation\*?)\}((?:(?!\\begin).)*?)\\end\{\1\}", re.DOTALL
)
_CHAINED = re.compile(r"\\\\\s*&?\s*(?==)")
_DELIMITERS = re.compile(r"\$\$|\\[()\[\]]")
_PAIR = re.compile(r"(?<!\\)\$([^$]*)(?<!\\)\$")
MOST_WRAPPERS = 6
"""Commands nested inside one another that are opened."""


def unwrap(text: str) -> str:
    r"""The text with every \text{...}, \mathbf{...}, \boxed{...} and the like replaced by what is in it."""
    for _ in range(MOST_WRAPPERS):
        text, count = _WRAPPER.subn(r"\1", text)
        if not count:
            break
    return text


def _in_one_line(found: re.Match[str]) -> str:
    """An environment that aligns one equation, or a chain of them, as one line; any other as it stands."""
    line = _CHAINED.sub(" ", found[2])
    return found[0] if r"\\" in line else re.sub(r"(?<!\\)&", "", line)


def plain_signs(text: str) -> str:
    """Unicode's look-alikes as one sign each: fractions as a/b, superscripts as ^{...}, minus, spaces, full width."""
    text = _VULGAR_SIGN.sub(lambda found: f"{found[1]} {_VULGAR[found[2]]}" if found[1] else _VULGAR[found[2]], text)
    text = _SUPERSCRIPT.sub(lambda found: f"^{{{found[0].translate(_SUPERSCRIPTS)}}}", text)
    return unicodedata.normalize("NFKC", text.translate(_SIGNS)).translate(_SIGNS)


def plain_mathematics(text: str) -> str:
    r"""LaTeX as plain signs where there are any (×, ≤, π, °), without delimiters, spacing commands and font commands.

    \frac and \sqrt stay: `mathematics` reads them.
    """
    text = re.sub(r"\\[dtc]frac(?![A-Za-z])", r"\\frac", _ALIGNED.sub(_in_one_line, text))
    text = re.sub(r"(?<=\d)\{,\}(?=\d)", ",", text).replace("\\!", "")
    # A dollar sign before a number is money where no other closes it.
    text = _PAIR.sub(lambda found: f" {found[1]} ", _DELIMITERS.sub(" ", text))
    text = unwrap(plain_signs(text))
    text = _SWITCHES.sub(" ", text)
    for pattern, sign in _COMMAND:
        text = pattern.sub(sign, text)
    text = re.sub(r"(?<!\\)\\[,;:> ]|~", " ", text)
    return text.strip()


def strip_marks(text: str) -> str:
    """The text without Markdown's marks, quotation marks and full stops around it."""
    before = None
    while before != text:
        # The inch sign behind a number is no quotation mark.
        inner = text.strip().strip("*_`“”«»„‘’").strip()
        before, text = text, inner.strip('"').strip() if inner.startswith('"') else inner
        if len(text) > 2 and text[0] == text[-1] == "'":
            text = text[1:-1]
        if text.endswith((".", "。", "．")) and not text.endswith(".."):
            text = text[:-1]
    return text


def unquoted_letters(text: str) -> str:
    """Letters in circles as letters in brackets."""
    return _ENCLOSED.sub(lambda found: f"({unicodedata.normalize('NFKC', found[0]).strip('()')})", text)
