"""Words that somebody has selected in a trace: where they stand in its text, and what can be wrong with them."""

import re
from collections.abc import Iterable, Mapping, Sequence

from trajectories.core.records import JSON

SPAN_FAULTS: Mapping[str, str] = {
    "wrong": "Wrong",
    "unsupported": "Does not follow",
    "slip": "Arithmetic or copying slip",
    "hallucinated": "Made up",
    "contradiction": "Contradicts itself",
    "repeated": "Repetition",
    "unclear": "Unclear",
    "good": "Well put",
}
"""What a reader can say of some words, by the code that is stored."""

LONGEST_QUOTE = 5_000
LONGEST_REMARK = 10_000

_UNSEEN = re.compile(r"[\s*_`#>|~\\$]+")
"""What a rendered text does not show of its source, or shows otherwise: blanks, line ends and Markdown's marks."""

_MENTION = re.compile(r"(?<![\w@.+-])@([\w.@+-]{1,150})")

Span = tuple[int, int]


def find_quote(text: str, quote: str, nth: int = 0) -> Span | None:
    """Where the words stand in a Markdown text, its marks aside; of several places the `nth` from 0.

    None where they do not stand there, or not so often.
    """
    wanted = _UNSEEN.sub("", quote)
    seen, places = _seen(text)
    if not wanted:
        return None
    found = [match.start() for match in re.finditer(f"(?={re.escape(wanted)})", seen)]
    if not found or (len(found) > 1 and nth >= len(found)):
        return None
    at = found[nth] if len(found) > 1 else found[0]
    return places[at], places[at + len(wanted) - 1] + 1


def nth_of(text: str, quote: str, start: int) -> int:
    """Which of the places where the words stand in a text begins at `start`, counted from 0."""
    wanted = _UNSEEN.sub("", quote)
    before = _UNSEEN.sub("", text[:start]) + wanted
    return len(re.findall(f"(?={re.escape(wanted)})", before)) - 1 if wanted else 0


def step_spans(text: str, steps: Iterable[Mapping[str, JSON]]) -> list[Span | None]:
    """Where the body of each step stands in the text of its trace, in order; None for one that stands nowhere there."""
    spans: list[Span | None] = []
    at = 0
    for step in steps:
        body = str(step["body"])
        start = text.find(body, at) if body else -1
        spans.append(None if start < 0 else (start, start + len(body)))
        at = at if start < 0 else start + len(body)
    return spans


def mentioned(body: str) -> list[str]:
    """The names that a remark calls with @, each once, in order; a full stop behind a name may be part of it or not."""
    names: list[str] = []
    for found in _MENTION.findall(body):
        names += [found, found.rstrip(".+-@")]
    return [name for name in dict.fromkeys(names) if name]


def _seen(text: str) -> tuple[str, Sequence[int]]:
    """The characters that are seen of a text, and the place of each in it."""
    places: list[int] = []
    pieces: list[str] = []
    at = 0
    for gap in _UNSEEN.finditer(text):
        pieces.append(text[at : gap.start()])
        places += range(at, gap.start())
        at = gap.end()
    pieces.append(text[at:])
    places += range(at, len(text))
    return "".join(pieces), places
