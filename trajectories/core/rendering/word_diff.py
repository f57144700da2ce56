"""What changed from one text to another, word by word."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

MOST_WORDS = 4_000
"""Words of both texts together; longer ones are shown as replaced whole, as comparing them would take too long."""

_PART = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of text that is in both, only in the first ("removed") or only in the second ("added")."""

    kind: str
    text: str


def word_diff(before: str, after: str) -> list[Passage]:
    """The passages of both texts in order: those that are not "added" make the first, not "removed" the second."""
    one, two = _PART.findall(before), _PART.findall(after)
    if before == after:
        return [Passage("same", before)] if before else []
    if len(one) + len(two) > MOST_WORDS:
        return list(_passages(False, one, two))
    changes = SequenceMatcher(None, one, two, autojunk=False).get_opcodes()
    return [
        passage for kind, i1, i2, j1, j2 in changes for passage in _passages(kind == "equal", one[i1:i2], two[j1:j2])
    ]


def _passages(same: bool, one: list[str], two: list[str]) -> Iterator[Passage]:
    if same:
        yield Passage("same", "".join(one))
        return
    if one:
        yield Passage("removed", "".join(one))
    if two:
        yield Passage("added", "".join(two))
