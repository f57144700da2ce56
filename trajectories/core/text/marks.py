"""Signs of backtracking, reflection and questioning in texts: found by short lists of words, and shown as detected.

A sign is an opening of a sentence, so that "the check fails" and "a reason to wait" are none. The lists are short on
purpose: they hold what models write when they turn round, in English, German, French, Spanish and Chinese; words that
often mean something else are left out. What is found is a hint for readers, and nothing is counted or decided by it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from trajectories.core.records import StepKind

READ = 20_000
"""Characters of a text in which signs are looked for."""

OPENINGS: tuple[tuple[StepKind, tuple[str, ...]], ...] = (
    (
        StepKind.BACKTRACK,
        (
            # English
            *(r"(?:that|this|it) (?:doesn't|does not|didn't|did not|can't|cannot|won't) (?:work|fit|match|hold)\b",),
            *(r"(?:that|this)(?:'s| is) (?:wrong|not right|incorrect)\b", r"i (?:made a mistake|was wrong)\b"),
            *(r"let(?:'s| me| us) (?:go back|start over|start again|try again|try something else|backtrack)\b",),
            *(r"going back\b", r"scrap that\b", r"no, that\b"),
            # German, French, Spanish, Chinese
            *(r"das (?:geht|passt|stimmt|funktioniert) (?:so )?nicht\b", r"zurück zu\b", r"noch einmal von vorn"),
            *(r"ça ne (?:marche|va|colle) pas\b", r"c'est faux\b", r"revenons\b", r"reprenons\b"),
            *(r"(?:eso|esto) no (?:funciona|encaja|es correcto)\b", r"volvamos\b", r"empecemos de nuevo\b"),
            *(r"这(?:样)?不(?:对|行)", r"不对", r"重新(?:开始|来)", r"回到"),
        ),
    ),
    (
        StepKind.QUESTION,
        (
            *(r"what if\b", r"but what (?:about|if)\b", r"am i sure\b", r"is (?:it|that|this) (?:really|true)\b"),
            *(r"do(?:es)? (?:it|that|this) (?:really|always|hold)\b", r"did i (?:assume|miss|read)\b", r"why would\b"),
            *(r"was (?:ist )?wenn\b", r"bin ich sicher\b", r"stimmt das\b", r"warum sollte\b"),
            *(r"et si\b", r"suis-je sûr", r"est-ce (?:vraiment|que c'est vrai)"),
            *(r"¿?y si\b", r"¿estoy seguro", r"¿es (?:realmente|cierto)"),
            *(r"如果.{0,20}(?:呢|怎么)", r"真的吗", r"为什么"),
        ),
    ),
    (
        StepKind.REFLECTION,
        (
            *(
                r"wait\b",
                r"hold on\b",
                r"let(?:'s| me| us) (?:double-?check|check|verify|re-?check|reconsider|rethink)\b",
            ),
            *(
                r"let(?:'s| me| us) (?:re-?examine|confirm)\b",
                r"actually,",
                r"on second thought\b",
                r"to (?:verify|double-?check)\b",
            ),
            *(
                r"moment(?: mal)?[,.:!]",
                r"warte\b",
                r"(?:ich )?(?:überprüfe|prüfen wir|prüfe ich)\b",
                r"lass(?:en)? (?:uns|mich) .{0,20}prüfen",
            ),
            *(r"attend(?:s|ons|ez)\b", r"vérifions\b", r"en fait,"),
            *(r"esper[ae]\b", r"un momento\b", r"verifiquemos\b", r"comprobemos\b", r"en realidad,"),
            *(r"等(?:等|一下)", r"让我(?:再)?(?:检查|验证|确认|想想)", r"(?:我们)?(?:检查|验证)一下"),
        ),
    ),
)
"""By kind, what a sentence begins with. A sentence counts once, for the first kind that it begins like."""

_FILLERS = (
    r"(?:(?:hmm+|but|so|oh|ok(?:ay)?|well|no|yes|aber|also|hm+|mais|bon|non|pero|bueno|但是?|嗯|哦)[,.…!，。 ]+){0,3}"
)
_START = r"(?:\A|(?<=[.!?:;。！？：\n]))"
_LEAD = r"[ \t\"'”)>*#\-\d.]{0,12}"
"""What may stand between the end of a sentence and the next one: blanks, quotes, marks and numbers of lists."""

_KINDS = "|".join(f"(?P<{kind.value}>{'|'.join(words)})" for kind, words in OPENINGS)
_SIGNS = re.compile(f"{_START}{_LEAD}{_FILLERS}(?:{_KINDS})")
"""In texts in lower case: that is twice as quick as not to mind the case, and pages look for signs in every step."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A sentence that begins like a kind of step: the kind, the place of the words, and these words."""

    kind: StepKind
    start: int
    """Where the words begin, in characters from the beginning of the text."""
    words: str


def find_signs(text: str) -> Iterator[Sign]:
    """The signs in the first READ characters of a text, in order. Apostrophes may be typographic."""
    plain = text[:READ].replace("’", "'")
    for found in _SIGNS.finditer(_lowered(plain)):
        name = found.lastgroup or ""
        start, end = found.span(name)
        yield Sign(StepKind(name), start, plain[start:end].strip())


def _lowered(text: str) -> str:
    """The text in lower case, every character at its own place: few, as İ, become two, and stay as they are."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := each.lower()) == 1 else each for each in text)
