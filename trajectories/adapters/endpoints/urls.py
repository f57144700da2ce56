"""Base URLs of endpoints in one strict form, so that whoever compares two and whoever calls one read them alike."""

import ipaddress
import re
from dataclasses import dataclass

DEFAULT_PORTS = {"http": 80, "https": 443}
URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>(?:/[a-z0-9._~@:+-]+)*)/?",
    re.ASCII | re.IGNORECASE,
)
HOST = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.(?!\Z)|\Z))+", re.ASCII)
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
SHOWN_CHARACTERS = 80


class UrlError(ValueError):
    """A base URL that is not taken; the message is for people and shows no password."""


@dataclass(frozen=True, slots=True)
class EndpointUrl:
    """A base URL. `host` is lower case, an IPv6 address without brackets; `path` has no slash at its end."""

    scheme: str
    host: str
    port: int
    path: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def authority(self) -> str:
        """Host and port as a request names them, without a port that the scheme implies."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def address(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
        """The address that the host is written as; None for a name."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None

    def covers(self, other: "EndpointUrl") -> bool:
        """Whether the other URL is this one or lies below its path, on the same scheme, host and port."""
        if (self.scheme, self.host, self.port) != (other.scheme, other.host, other.port):
            return False
        return other.path == self.path or other.path.startswith(f"{self.path}/")


def read_url(text: str) -> EndpointUrl:
    """The URL in its one form. Raises UrlError for whatever two programs might read in two ways: names beyond ASCII,
    numbers that are addresses in disguise, dot segments, escapes, backslashes, a dot at the end of the host."""
    found = URL.fullmatch(text)
    if found is None:
        raise UrlError(_why_not(text))
    scheme, port = found["scheme"].lower(), int(found["port"] or DEFAULT_PORTS[found["scheme"].lower()])
    if not 0 < port < 65_536:
        raise UrlError(f"Found the port {port}, expected 1 to 65535.")
    if any(part in (".", "..") for part in found["path"].split("/")):
        raise UrlError("Found a path with . or .. in it, expected the path itself, such as /v1.")
    return EndpointUrl(scheme, _read_host(found["host"].lower()), port, found["path"])


def _read_host(host: str) -> str:
    """The host in its one form. Raises UrlError."""
    try:
        if host.startswith("["):
            return str(ipaddress.IPv6Address(host[1:-1]))
        if NUMBER.fullmatch(host.rpartition(".")[2]):
            return str(ipaddress.IPv4Address(host))
    except ipaddress.AddressValueError:
        raise UrlError(f"Found the host {host!r}, expected an address written as 127.0.0.1 or [::1].") from None
    if not HOST.fullmatch(host):
        raise UrlError(f"Found the host {host[:SHOWN_CHARACTERS]!r}, expected a name such as api.example.org.")
    return host


def _why_not(text: str) -> str:
    authority = re.split(r"[/?#\\]", text.partition("://")[2])[0]
    if "@" in authority or "?" in text or "#" in text:
        return "Found a password or parameters in the address; keys belong in a variable."
    if not text.isascii():
        return "Found letters beyond ASCII in the address, expected its ASCII form (a name that begins with xn--)."
    if text.lower().startswith(("http://", "https://")) and URL.match(text):
        return (
            f"Found {text[:SHOWN_CHARACTERS]!r}, expected an address such as http://localhost:8000/v1: after the host "
            "only letters, digits and . _ ~ @ : + - between single slashes."
        )
    return f"Found {text[:SHOWN_CHARACTERS]!r}, expected an address such as http://localhost:8000/v1."
