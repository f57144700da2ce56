"""Content identity: the same content has the same hash everywhere, for ever."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

FIRST_PROJECT = 1
"""The id of the project that every installation begins with."""

# Made once: `json.dumps` with options makes an encoder at every call, which takes longer than a short value.
_CANONICAL = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def canonical_json(value: Any) -> str:
    """Serialise to one canonical text: sorted keys, no spaces, UTF-8 kept, finite floats only.

    Raises ValueError for NaN and infinities, TypeError for anything JSON has no form for.
    """
    return _CANONICAL.encode(value)


def content_hash(value: Any) -> str:
    """SHA-256 of the canonical JSON, as 64 hexadecimal digits."""
    return text_hash(canonical_json(value))


def text_hash(text: str) -> str:
    """SHA-256 of the UTF-8 text, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()


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
            self._digest.update(f"{',' if self._count else ''}{text}".encode("utf-8", errors="surrogatepass"))
            self._count += len(parts)

    def hexdigest(self) -> str:
        """The hash of the list so far."""
        whole = self._digest.copy()
        whole.update(b"]")
        return whole.hexdigest()
