"""Addresses of receivers, by the rules that hold for endpoints of models."""

from dataclasses import dataclass

from trajectories.adapters.endpoints import AccessError, EndpointAccess, EndpointUrl


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where messages are sent. `target` is the path of the request: a slash at its end counts, as it does for most
    receivers."""

    url: EndpointUrl
    target: str

    def __str__(self) -> str:
        return f"{self.url.scheme}://{self.url.authority}{self.target}"


def read_receiver(address: str, access: EndpointAccess) -> Receiver:
    """The receiver at an address. Raises AccessError where it is none, or its host is known to be off limits."""
    text = address.strip()
    if any(sign in text for sign in "?#@"):
        raise AccessError(
            "address_not_allowed",
            "Found a password or parameters in the address, expected neither: receivers know us by the signature.",
            field="address",
        )
    url = access.url(text)
    return Receiver(url, f"{url.path}/" if text.endswith("/") or not url.path else url.path)
