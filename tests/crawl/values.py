"""What people, scripts and broken programs put into a field or an address, in bytes as they come over the line."""

from urllib.parse import quote_from_bytes

from hypothesis import strategies as st

DEEP = b"[" * 5_000 + b"]" * 5_000

ODD: tuple[bytes, ...] = (
    b"",
    b" ",
    b"x",
    b"0",
    b"-1",
    b"1",
    b"2.5",
    b"1e400",
    b"NaN",
    b"-Infinity",
    b"9" * 19,
    b"9" * 5_000,
    b"\0",
    b"a\0b",
    b"\xff\xfe",
    b"\xed\xa0\x80",  # half of a surrogate pair, as no UTF-8 has it
    "\u202e\u200b\ufeff\U0001f600".encode(),
    "é".encode() * 20_000,
    b"null",
    b"true",
    b"on",
    b"[]",
    b"{}",
    b"[1, [2]]",
    b'{"a": 1, "a": 2}',
    b'{"a": "\\ud800"}',
    b'{"a": "\\u0000"}',
    b'{"a": NaN}',
    b'{"a": ' + b"9" * 5_000 + b"}",
    b'{"0": "good", "1": []}',
    DEEP,
    b'{"a":' * 3_000 + b"1" + b"}" * 3_000,
    b"<script>x</script>",
    b"{task} {nothing} {0.__class__} {",
    b"../../etc",
    b"\r\nX-Other: 1",
    b"2026-13-45",
    b"00000000-0000-4000-8000-000000000000",
    b"http://[::1",
    b"http://a:b@c:99999/d?e#f",
    b"%00%zz",
    b"a b,c;d\te\nf",
)

PATH_NUMBERS = (b"0", b"1", b"9" * 18, b"9" * 19, b"9" * 4_000)
PATH_TEXTS = (b"x", b"%00", b"a%00b", b"%FF", b"%ED%A0%80", b"a" * 3_000, b"-1", b"9" * 5_000, b"%0A", b"%2E%2E", b"~")

ANY_VALUE = st.one_of(
    st.sampled_from(ODD),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.binary(max_size=50),
    st.integers().map(lambda number: str(number).encode()),
    st.floats().map(lambda number: str(number).encode()),
)


def encoded(fields: dict[str, list[bytes]]) -> bytes:
    """A form's body as application/x-www-form-urlencoded."""
    return "&".join(
        f"{quote_from_bytes(name.encode(), safe='')}={quote_from_bytes(value, safe='')}"
        for name, values in fields.items()
        for value in values
    ).encode()
