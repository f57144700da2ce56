"""Content identity: the same content has the same hash everywhere, for ever."""

import hashlib
import json
from typing import Any


def canonical_json(value: Any) -> str:
    """Serialise to one canonical text: sorted keys, no spaces, UTF-8 kept, finite floats only.

    Raises ValueError for NaN and infinities, TypeError for anything JSON has no form for.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def content_hash(value: Any) -> str:
    """SHA-256 of the canonical JSON, as 64 hexadecimal digits."""
    return text_hash(canonical_json(value))


def text_hash(text: str) -> str:
    """SHA-256 of the UTF-8 text, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()


def derive_seed(*parts: Any) -> int:
    """A 63-bit seed from any JSON parts: streams never collide as `seed + i` would."""
    return int(content_hash(list(parts))[:16], 16) >> 1
