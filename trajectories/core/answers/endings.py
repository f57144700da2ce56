"""What stands behind an answer and does not belong to it: special tokens, brackets closed too often, ornaments."""

import re
import unicodedata

_END = re.compile(
    r"<[|｜](?:im_end|endoftext|eot_id|eom_id|end_of_text|end_of_turn|end_of_sentence|end[_▁]of[_▁]sentence|eos|return|"
    r"END_OF_TURN_TOKEN|endofresponse|end_of_message|assistant_end|user|im_start|end)[|｜]>|"
    r"</s>|<(?:eos|end_of_turn|turn\|)>|\[(?:EOS|/INST|/ASSISTANT)\]",
    re.IGNORECASE,
)
"""Tokens with which a model says that it is done. What comes behind them is no part of its answer."""
_FRENCH = re.compile(r"\][^\[\]]+[,;][^\[\]]+[\[\]]")
"""An interval such as ]0, 1], whose brackets look turned."""
LONGEST = 2_000
"""Characters; what is longer is no statement, and stays as it is."""
_OPEN, _CLOSED = "([{", ")]}"
_SPACE = " \t\r\n*_`"


def end_of_said(text: str) -> int:
    """Where a model said that it was done, the length of the text where it did not."""
    first = len(text) - len(text.lstrip())
    for found in _END.finditer(text):
        if found.start() > first and text[found.start() - 1] not in "`'\"“":
            return found.start()
    return len(text)


def without_loose_ends(text: str, start: int, end: int, space: str = _SPACE) -> tuple[int, int]:
    """A part of a text without what is left over around a statement: ")" that nothing opened, ✅, ∎, line breaks as
    LaTeX or JSON write them."""
    if end - start > LONGEST or _FRENCH.search(text, start, end):
        return start, end
    before = (-1, -1)
    while start < end and before != (start, end):
        before = (start, end)
        part = text[start:end]
        if part[-1] in space or _is_ornament(part[-1]):
            end -= 1
        elif part.endswith(("\\\\", "\\n")):
            end -= 2
        elif (part[-1] in _CLOSED and _excess(part) > 0 and not part.endswith(("\\)", "\\]", "\\}"))) or (
            part[-1] == "$" and part.count("$") % 2 and part[-2:-1] in ("}", ")") and _excess(part) > 0
        ):
            end -= 1
        elif part[0] in space or _is_ornament(part[0]) or (part[0] in "})" and _excess(part) > 0):
            start += 1
    return start, end


def _excess(text: str) -> int:
    """How many more brackets a text closes than it opens."""
    return sum(text.count(sign) for sign in _CLOSED) - sum(text.count(sign) for sign in _OPEN)


def _is_ornament(sign: str) -> bool:
    """Whether a character is a picture, a tick or a sign for the end of a proof."""
    return sign in "∎∴\ufe0f\u200d" or (ord(sign) >= 0x2300 and unicodedata.category(sign) in ("So", "Sk"))
