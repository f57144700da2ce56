"""A completion in parts: one text that is stored once, and where in it the model thinks, answers and calls tools."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from trajectories.core.completions.messages import Piece, joined
from trajectories.core.completions.thoughts import Content, Part, PartKind, content_in, split_thoughts
from trajectories.core.identity import JoinedText
from trajectories.core.records import JSON

GAP = "\n\n"
KINDS = tuple(kind.value for kind in PartKind)
NOWHERE = -1
"""The place of a part whose text does not stand in the text of its trace."""


class PartError(ValueError):
    """Parts that are none of a text; the message says which and what was expected."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model said, marks of thoughts included, and its parts in order."""

    text: str
    parts: tuple[Part, ...]

    @property
    def content(self) -> Content:
        """What is said outside of the thoughts."""
        return content_in(self.parts)


def build_completion(pieces: Iterable[Piece]) -> Completion:
    """One text of all pieces, with a blank line between two unless one goes on; thoughts inside of a content are parts
    of their own. Pieces that hold nothing are left out."""
    texts, at, parts = list[str](), 0, list[Part]()
    for kind, group in groupby(_kept(pieces), lambda piece: piece.kind):
        for piece in [_merged(list(group))] if kind is PartKind.CONTENT else group:
            if at and piece.text and not piece.goes_on:
                texts.append(GAP)
                at += len(GAP)
            parts += _parts(piece, at)
            texts.append(piece.text)
            at += len(piece.text)
    return Completion("".join(texts), tuple(parts))


def completion_of(text: str, thoughts: str = "") -> Completion:
    """The completion of a text, and of thoughts that came apart from it."""
    return build_completion([Piece(PartKind.THINKING, thoughts), Piece(PartKind.CONTENT, text)])


def _kept(pieces: Iterable[Piece]) -> list[Piece]:
    return [piece for piece in pieces if piece.text.strip() or piece.data]


def _merged(pieces: Sequence[Piece]) -> Piece:
    """Neighbouring pieces of content as one: a mark of thoughts may open in one and close in the next."""
    if len(pieces) == 1 and not pieces[0].goes_on:
        return pieces[0]
    data: dict[str, JSON] = {}
    for piece in pieces:
        data |= piece.data
    return Piece(PartKind.CONTENT, joined(pieces), pieces[0].source, data)


def _parts(piece: Piece, start: int) -> list[Part]:
    """The parts of a piece that begins at `start`."""
    if piece.kind is not PartKind.CONTENT:
        return [Part(piece.kind, piece.text, start, start + len(piece.text), source=piece.source, data=piece.data)]
    found: Sequence[Part] = split_thoughts(piece.text)
    if start or piece.source:
        found = [replace(part, start=part.start + start, end=part.end + start, source=piece.source) for part in found]
    if piece.data and found:
        return [*found[:-1], replace(found[-1], data=piece.data)]
    return list(found) or [Part(PartKind.CONTENT, "", start, start, source=piece.source, data=piece.data)]


def thoughts_in(parts: Iterable[Part]) -> str:
    """All that was thought, without the blanks around each part."""
    return _told(parts, PartKind.THINKING)


def said_in(parts: Iterable[Part]) -> str:
    """All that was said besides, without the blanks around each part."""
    return _told(parts, PartKind.CONTENT)


def has_thoughts(parts: Iterable[Part]) -> bool:
    """Whether there are thoughts that can be read."""
    return any(part.kind is PartKind.THINKING and part.text.strip() for part in parts)


def _told(parts: Iterable[Part], kind: PartKind) -> str:
    """Parts of one kind as one text; such as touch in the whole text go on there without a gap here too."""
    texts, end = list[list[str]](), NOWHERE
    for part in parts:
        if part.kind is not kind or not part.text.strip():
            continue
        if texts and part.start == end >= 0:
            texts[-1].append(part.text)
        else:
            texts.append([part.text])
        end = part.end
    return GAP.join("".join(pieces).strip() for pieces in texts)


def spoken(completion: Completion) -> str:
    """What two completions share that are the same in different spellings: all thoughts, then all that was said. A text
    without thoughts is its own."""
    parts = completion.parts
    if not has_thoughts(parts):
        return said_text(parts) or completion.text
    return GAP.join(text for text in (thoughts_in(parts), said_in(parts)) if text)


def spoken_slices(completion: Completion) -> JoinedText:
    """What `spoken` tells, as slices of the texts of the parts: a long text is not made once more for its hash."""
    parts = completion.parts
    said = [part for part in parts if part.kind is PartKind.CONTENT and not _is_blank(part.text)]
    thoughts = _told_slices(parts, PartKind.THINKING)
    if len(said) == 1 and not thoughts:
        return JoinedText(((said[0].text, 0, len(said[0].text)),))
    told = [slices for slices in (thoughts, _told_slices(parts, PartKind.CONTENT)) if slices]
    return JoinedText(tuple(_with_gaps(told)) if told else ((completion.text, 0, len(completion.text)),))


_Slice = tuple[str, int, int]
_BETWEEN: _Slice = (GAP, 0, len(GAP))


def _told_slices(parts: Iterable[Part], kind: PartKind) -> list[_Slice]:
    """As `_told`, in slices."""
    groups, end = list[list[_Slice]](), NOWHERE
    for part in parts:
        if part.kind is not kind or _is_blank(part.text):
            continue
        if groups and part.start == end >= 0:
            groups[-1].append((part.text, 0, len(part.text)))
        else:
            groups.append([(part.text, 0, len(part.text))])
        end = part.end
    return _with_gaps([_stripped(group) for group in groups])


def _with_gaps(groups: Sequence[Sequence[_Slice]]) -> list[_Slice]:
    return [each for index, group in enumerate(groups) for each in ([_BETWEEN] if index else []) + list(group)]


def _stripped(group: Sequence[_Slice]) -> list[_Slice]:
    """Slices of texts that are not blank, without the blanks around them all."""
    first, last = group[0][0], group[-1][0]
    start = next(place for place, sign in enumerate(first) if not sign.isspace())
    end = next(place for place in range(len(last), 0, -1) if not last[place - 1].isspace())
    slices = [(first, start, len(first)), *group[1:]]
    return [*slices[:-1], (last, slices[-1][1], end)]


def _is_blank(text: str) -> bool:
    return not text or text.isspace()


def said_text(parts: Sequence[Part]) -> str:
    """What was said; to the letter where nothing was thought and it is all in one part."""
    said = [part for part in parts if part.kind is PartKind.CONTENT and part.text.strip()]
    return said[0].text if len(said) == 1 and not has_thoughts(parts) else said_in(parts)


def parts_to_json(parts: Iterable[Part]) -> list[JSON]:
    """The stored form: the place of each part in the text, and its text only where it does not stand there."""
    return [
        {"kind": part.kind.value}
        | ({"text": part.text} if part.start == NOWHERE else {"start": part.start, "end": part.end})
        | ({"open": True} if part.is_open else {})
        | ({"source": part.source} if part.source else {})
        | ({"data": dict(part.data)} if part.data else {})
        for part in parts
    ]


def parts_from_json(value: Any, text: str) -> tuple[Part, ...]:
    """The parts of a text from their stored form. Raises PartError for what are no parts of this text."""
    if not isinstance(value, list):
        raise PartError("found no list of parts, expected one")
    found, at = list[Part](), 0
    for index, item in enumerate(value):
        part = _read_part(item, text, at)
        if part is None:
            raise PartError(f"[{index}]: found no part of the text, expected one that follows the part before")
        found.append(part)
        at = max(at, part.end)
    return tuple(found)


def _read_part(item: Any, text: str, at: int) -> Part | None:
    if not isinstance(item, dict) or item.get("kind") not in KINDS:
        return None
    source, data = item.get("source", ""), item.get("data", {})
    if not isinstance(source, str) or not isinstance(data, dict):
        return None
    kind, is_open = PartKind(item["kind"]), item.get("open") is True
    if isinstance(own := item.get("text"), str):
        return Part(kind, own, NOWHERE, NOWHERE, is_open, source, data)
    start, end = item.get("start"), item.get("end")
    if type(start) is not int or type(end) is not int or not at <= start <= end <= len(text):
        return None
    return Part(kind, text[start:end], start, end, is_open, source, data)
