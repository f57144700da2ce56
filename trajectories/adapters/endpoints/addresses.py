"""Which addresses calls to endpoints may reach: public ones, and those beside them that the settings allow."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from trajectories.adapters.endpoints.urls import HOST, EndpointUrl

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

SETTING = "MODEL_ADDRESSES"
EXAMPLE = "loopback, 10.0.0.0/8, vllm.internal:8000"
WORDS: dict[str, tuple[Network, ...]] = {
    "loopback": (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")),
    "private": (
        *(IPv4Network("10.0.0.0/8"), IPv4Network("172.16.0.0/12"), IPv4Network("192.168.0.0/16")),
        IPv6Network("fc00::/7"),
    ),
}
ENTRY = re.compile(r"(?P<host>\[[^\]]+\](?:/\d+)?|[^:]+|[^\[\]]*:[^\[\]]*:[^\[\]]*)(?::(?P<port>\d{1,5}))?", re.ASCII)
GLOBAL_UNICAST = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")
RELAYS = IPv4Network("192.88.99.0/24")
LOOPBACK = IPv4Address("127.0.0.1")


def reached(address: Address) -> Address:
    """The address that a connection to this one reaches: the system takes IPv4 written as IPv6 for IPv4."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def is_public(address: Address) -> bool:
    """Whether everybody on the internet reaches the same machine there."""
    found = reached(address)
    if isinstance(found, IPv4Address):
        return found.is_global and not found.is_multicast and not found.is_reserved and found not in RELAYS
    if found in NAT64:  # a translator on the way reaches the IPv4 address in the last four bytes
        return is_public(IPv4Address(int(found) & 0xFFFFFFFF))
    if found.sixtofour is not None:
        return is_public(found.sixtofour)
    return found in GLOBAL_UNICAST and found.is_global and not found.is_multicast


@dataclass(frozen=True, slots=True)
class _Rule:
    """One entry of the setting: a host by its name, or networks; on one port, or on any (None)."""

    name: str
    networks: tuple[Network, ...]
    port: int | None

    def allows(self, host: str, port: int, address: Address) -> bool:
        if self.port not in (None, port):
            return False
        return self.name == host or any(address in network for network in self.networks)


@dataclass(frozen=True, slots=True)
class AddressRules:
    """What is allowed beyond public addresses."""

    rules: Sequence[_Rule] = ()

    @classmethod
    def read(cls, text: str) -> "AddressRules":
        """Read the setting: words (loopback, private), addresses, networks and names of hosts, each with or without a
        port. Raises ValueError with one sentence."""
        return cls(tuple(_read_rule(word) for word in re.split(r"[,\s]+", text) if word))

    def allow(self, host: str, port: int, address: Address) -> bool:
        """Whether a connection for this host may go to this address, one that the host's name has led to."""
        return is_public(address) or any(rule.allows(host, port, reached(address)) for rule in self.rules)

    def name_host(self, host: str, port: int) -> bool:
        """Whether an entry names the host itself."""
        return any(rule.name == host and rule.port in (None, port) for rule in self.rules)

    def may_allow(self, url: EndpointUrl) -> bool:
        """Whether the URL is fine as far as it can be told without asking for the addresses of a name."""
        address: Address | None = url.address
        if address is None and (url.host == "localhost" or url.host.endswith(".localhost")):
            address = LOOPBACK
        return address is None or self.allow(url.host, url.port, address)


def _read_rule(word: str) -> _Rule:
    found = ENTRY.fullmatch(word)
    port = int(found["port"]) if found is not None and found["port"] else None
    if found is None or (port is not None and not 0 < port < 65_536):
        raise ValueError(_fault(word))
    host = found["host"].replace("[", "").replace("]", "").lower()
    if host in WORDS:
        return _Rule("", WORDS[host], port)
    try:
        return _Rule("", (ip_network(host),), port)
    except ValueError:
        if "/" in host or not HOST.fullmatch(host) or host.rpartition(".")[2].isdigit():
            raise ValueError(_fault(word)) from None
    return _Rule(host, (), port)


def _fault(word: str) -> str:
    return f"{SETTING}: found {word[:80]!r}, expected words, addresses, networks or hosts such as {EXAMPLE}."


def read_address(text: str) -> Address:
    """An address as the system writes it, also with a scope."""
    return ip_address(text)
