"""Content identity: the same content has the same hash everywhere, for ever."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

FIRST_PROJECT = 1
"""The id of the project that every installation begins with."""

# Made once: `json.dumps` with options makes an encoder at every call, which takes longer than a short value.
_CANONICAL = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


PIECE = 1 << 20
"""Characters of a long text that are hashed at once: a text of 100 MB has no second copy of its own beside it."""


def canonical_json(value: Any) -> str:
    """Serialise to one canonical text: sorted keys, no spaces, UTF-8 kept, finite floats only.

    Raises ValueError for NaN and infinities, TypeError for anything JSON has no form for.
    """
    return _text_as_json(value) if type(value) is str else _CANONICAL.encode(value)


def _text_as_json(text: str) -> str:
    """A text as the standard library writes it, in a tenth of its time."""
    try:
        return orjson.dumps(text).decode()
    except TypeError:  # half of a surrogate pair, which has no UTF-8
        return _CANONICAL.encode(text)


def canonical_list(parts: Iterable[Any]) -> str:
    """The canonical JSON of a list of few parts, long texts among them. Raises as `canonical_json`."""
    return f"[{','.join(map(canonical_json, parts))}]"


@dataclass(frozen=True, slots=True)
class JoinedText:
    """A text that is not made as a whole, since it is long: slices of other texts, one behind the other, each a text
    with where the slice begins and ends. Its hash is that of the text."""

    slices: tuple[tuple[str, int, int], ...]

    def __str__(self) -> str:
        return "".join(text[start:end] for text, start, end in self.slices)

    def pieces(self) -> Iterator[str]:
        """The text a piece at a time."""
        for text, start, end in self.slices:
            for at in range(start, end, PIECE):
                yield text[at : min(at + PIECE, end)]


def content_hash(value: Any) -> str:
    """SHA-256 of the canonical JSON, as 64 hexadecimal digits. In a list a `JoinedText` counts as its text."""
    if type(value) is list and any(map(_is_long, value)):
        return _hash_of_long_parts(value)
    return text_hash(canonical_json(value))


def _is_long(part: Any) -> bool:
    return type(part) is JoinedText or (type(part) is str and len(part) > PIECE)


def _hash_of_long_parts(parts: Sequence[Any]) -> str:
    """The `content_hash` of a list with long texts, of which no JSON is made as a whole: each sign is escaped alone."""
    digest = hashlib.sha256()
    for place, part in enumerate(parts):
        digest.update(b"," if place else b"[")
        if _is_long(part):
            digest.update(b'"')
            for piece in part.pieces() if type(part) is JoinedText else _pieces(part):
                digest.update(_bytes(canonical_json(piece)[1:-1]))
            digest.update(b'"')
        else:
            digest.update(_bytes(canonical_json(part)))
    digest.update(b"]")
    return digest.hexdigest()


def text_hash(text: str) -> str:
    """SHA-256 of the UTF-8 text, as 64 hexadecimal digits."""
    if len(text) <= PIECE:
        return hashlib.sha256(_bytes(text)).hexdigest()
    digest = hashlib.sha256()
    for piece in _pieces(text):
        digest.update(_bytes(piece))
    return digest.hexdigest()


def _pieces(text: str) -> Iterator[str]:
    return (text[start : start + PIECE] for start in range(0, len(text), PIECE))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogatepass")


def derive_seed(*parts: Any) -> int:
    """A 63-bit seed from any JSON parts: streams never collide as `seed + i` would."""
    return int(content_hash(list(parts))[:16], 16) >> 1


class ListHash:
    """The `content_hash` of a list whose parts come one by one, so that the list need not be kept."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256(b"[")
        self._count = 0

    def add(self, part: Any) -> None:
        """Add the next part. Raises as `canonical_json`."""
        self.extend([part])

    def extend(self, parts: Sequence[Any]) -> None:
        """Add the next parts. Raises as `canonical_json`."""
        if parts:
            text = canonical_json(parts)[1:-1]
            self._digest.update(_bytes(f"{',' if self._count else ''}{text}"))
            self._count += len(parts)

    def hexdigest(self) -> str:
        """The hash of the list so far."""
        whole = self._digest.copy()
        whole.update(b"]")
        return whole.hexdigest()
