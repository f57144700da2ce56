"""JSON that this application writes for itself: between its processes and in its files, where it is read again as it
was, and for its database.

orjson takes a fifth of the time of the standard library. It has no numbers beyond 64 bits, no halves of surrogate pairs
and no deep nesting: these the library writes. A blank in front tells what orjson wrote, and will read.
"""

import json

import orjson

from trajectories.core.records import JSON

_QUICK = b" "
_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME  # which are no plain JSON
# Made once, see core.identity.
_ENCODER = json.JSONEncoder(separators=(",", ":"))
_FINITE = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def write_plain(value: JSON) -> bytes:
    """Plain JSON with finite numbers, in one line. Raises TypeError for anything else, but for infinities and NaN."""
    try:
        return _QUICK + orjson.dumps(value, option=_OPTIONS)
    except TypeError:
        return _ENCODER.encode(value).encode()


def write_finite(value: JSON) -> str:
    """JSON for the database. Raises ValueError for infinities and NaN, for which orjson writes null, and TypeError for
    what JSON has no form for."""
    try:
        written = orjson.dumps(value, option=_OPTIONS)
    except TypeError:
        return _FINITE.encode(value)
    return _FINITE.encode(value) if b"null" in written else written.decode()


def write_text(text: str) -> bytes:
    """A text, without a blank in front: a piece of what the standard library will read."""
    return write_plain(text).removeprefix(_QUICK)


def read_plain(text: str) -> JSON:
    """What was written. Raises ValueError for what was not."""
    return orjson.loads(text) if text.startswith(" ") else json.loads(text)
