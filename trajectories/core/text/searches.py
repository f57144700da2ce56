"""Searches through texts as people type them: words, "phrases", -without and or.

What stands between words separates them, in texts (migration 0056) and in what is searched for alike: `numpy.array` is
found by "array", and finds these two words side by side.
"""

import re
from dataclasses import dataclass

SEPARATORS = "./\\_-+*=<>()[]{}|:;,!?@#$%^&~`\"'"
"""Characters that PostgreSQL would take for parts of words, numbers, markup or operators; here they separate words."""
TEXT_CHARACTERS, PROGRAM_CHARACTERS = 150_000, 50_000
"""So much from the start of a trace's reasoning, and of its program, can be found."""

_SPACES = str.maketrans(dict.fromkeys(SEPARATORS, " "))
_PIECE = re.compile(r'(-?)"([^"]*)"?|(\S+)')


@dataclass(frozen=True, slots=True)
class Search:
    """What was asked for. `query` is what PostgreSQL's websearch_to_tsquery reads, `words` all that may be marked in
    what is found: what was asked for, without what was asked to be absent."""

    query: str
    words: tuple[str, ...]


def read_search(text: str) -> Search:
    """Read what somebody typed. Never fails; what holds no word at all is an empty search."""
    pieces: list[str] = []
    words: list[str] = []
    for minus, phrase, single in _PIECE.findall(text):
        if single and single.lower() == "or":
            pieces.append("or")
            continue
        is_absent = bool(minus) or (len(single) > 1 and single.startswith("-"))
        found = (phrase or single).translate(_SPACES).split()
        if found:
            pieces.append(("-" if is_absent else "") + f'"{" ".join(found)}"')
            words += [] if is_absent else found
    return Search(" ".join(pieces), tuple(dict.fromkeys(words)))


@dataclass(frozen=True, slots=True)
class Passage:
    """Part of a text: (piece, whether it is a hit) in order, and whether text was left out before and after it."""

    pieces: tuple[tuple[str, bool], ...]
    is_cut_before: bool
    is_cut_after: bool


WIDTH = 200
"""Characters of a passage, about."""
MOST_HITS = 2_000
"""So many hits of a text are looked at for its best passage."""


def tokens_like(text: str, stems: frozenset[str]) -> frozenset[str]:
    """The different words of a text, in lower case, that may have one of these stems: those that begin as it does."""
    if not stems:
        return frozenset()
    # A stem is how its words begin, but that a final y becomes i.
    starts = "|".join(sorted({re.escape(stem[:-1] if stem.endswith("i") else stem) for stem in stems}))
    return frozenset(word.lower() for word in re.findall(rf"(?<![^\W_])(?:{starts})[^\W_]*", text, re.IGNORECASE))


def passage_of(text: str, words: frozenset[str]) -> Passage | None:
    """The part of a text in which most different words of these (in lower case) stand together; None without any."""
    if not words:
        return None
    any_word = "|".join(sorted((re.escape(word) for word in words), key=len, reverse=True))
    pattern = re.compile(rf"(?<![^\W_])(?:{any_word})(?![^\W_])", re.IGNORECASE)
    hits = [hit.span() for _, hit in zip(range(MOST_HITS), pattern.finditer(text), strict=False)]
    if not hits:
        return None
    start, end = _around(text, *_densest(text, hits))
    pieces: list[tuple[str, bool]] = []
    at = start
    for first, last in hits:
        if start <= first and last <= end:
            pieces += [(_flat(text[at:first]), False), (text[first:last], True)]
            at = last
    pieces.append((_flat(text[at:end]), False))
    return Passage(tuple(piece for piece in pieces if piece[0]), start > 0, end < len(text))


def _densest(text: str, hits: list[tuple[int, int]]) -> tuple[int, int]:
    """The stretch of WIDTH characters or less with most different words of the hits; the first of several."""
    best, best_count = hits[0], 0
    for place, (start, end) in enumerate(hits):
        seen, last = set[str](), end
        for other_start, other_end in hits[place:]:
            if other_end - start > WIDTH:
                break
            seen.add(text[other_start:other_end].lower())
            last = other_end
        if len(seen) > best_count:
            best, best_count = (start, last), len(seen)
    return best


def _around(text: str, start: int, end: int) -> tuple[int, int]:
    """The stretch with as much of the text before and after it as makes WIDTH characters, from word to word."""
    spare = max(0, WIDTH - (end - start))
    first, last = max(0, start - spare // 3), min(len(text), end + spare - spare // 3)
    if first and (gap := re.compile(r"\s").search(text, first, start)):
        first = gap.end()
    if last < len(text) and (cut := max(text.rfind(" ", end, last), text.rfind("\n", end, last))) > end:
        last = cut
    return first, last


def _flat(text: str) -> str:
    """The text in one line."""
    return re.sub(r"\s+", " ", text)
