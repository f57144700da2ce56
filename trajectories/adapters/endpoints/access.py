"""What the settings allow calls to do: the one check of a sampler when it is saved and again when a call is made."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from trajectories.adapters.endpoints.addresses import SETTING as ADDRESSES
from trajectories.adapters.endpoints.addresses import AddressRules
from trajectories.adapters.endpoints.keys import SETTING as KEYS
from trajectories.adapters.endpoints.keys import KeyBindings
from trajectories.adapters.endpoints.urls import EndpointUrl, UrlError, read_url

SEE = "docs/operations.md says how"


class AccessError(ValueError):
    """A call that the settings do not allow. The message is for everybody who sees a run: it names neither variables
    nor addresses behind a name. `detail` has these, for admins; `field` is the field of the sampler that is meant."""

    def __init__(self, kind: str, message: str, *, field: str, detail: str = "") -> None:
        super().__init__(message)
        self.kind, self.message, self.field, self.detail = kind, message, field, detail


@dataclass(frozen=True, slots=True)
class EndpointAccess:
    """The settings for calls to models. `proxy` is the address of a proxy for public endpoints, empty for none;
    `environment` is where keys are read at the moment of a call."""

    keys: KeyBindings
    addresses: AddressRules
    proxy: str = field(default="", repr=False)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    def url(self, base_url: str) -> EndpointUrl:
        """The base URL in its one form. Raises AccessError where it is none or its host is known to be off limits."""
        try:
            found = read_url(base_url.strip())
        except UrlError as fault:
            raise AccessError("address_not_allowed", str(fault), field="base_url") from fault
        if not self.addresses.may_allow(found):
            raise address_fault(found.host)
        return found

    def check_key(self, name: str, url: EndpointUrl) -> None:
        """Raises AccessError where the variable may not be sent to the URL. No name means no key, which may go
        anywhere."""
        if name and not self.keys.allows(name, url):
            raise AccessError(
                "key_not_allowed",
                f"The settings do not bind this sampler's key to {url}; an admin can do that in {KEYS} ({SEE}).",
                field="key_variable",
                detail=f'The sampler names {name}: expected {KEYS}="{name}={url}" where server and workers run.',
            )

    def key(self, name: str, url: EndpointUrl) -> str:
        """The key to send to the URL, empty where the sampler names none. Raises AccessError where it may not be sent,
        is not set, or is no key."""
        self.check_key(name, url)
        if not name:
            return ""
        key = self.environment.get(name, "").strip()
        where = "where the workers and the server run"
        if not key:
            message = f"The environment variable with this sampler's key is not set {where}."
            raise AccessError("no_key", message, field="key_variable", detail=f"{name} is not set {where}.")
        if not (key.isascii() and key.isprintable()):
            message = "The environment variable with this sampler's key holds characters that no key has."
            raise AccessError("no_key", message, field="key_variable", detail=f"The variable is {name}.")
        return key

    def is_set(self, name: str) -> bool:
        """Whether the variable has a value here."""
        return bool(self.environment.get(name, "").strip())

    def proxy_for(self, url: EndpointUrl) -> str:
        """The proxy on the way to the URL; none for what is not public or is named in the settings."""
        direct = url.address is not None or url.host == "localhost" or self.addresses.name_host(url.host, url.port)
        return "" if direct else self.proxy


def address_fault(host: str, detail: str = "") -> AccessError:
    """A host that is not public, or leads to an address that is not, and that no setting allows."""
    return AccessError(
        "address_not_allowed",
        f"{host} is not a public address or leads to one that is not; an admin can allow it in {ADDRESSES} ({SEE}).",
        field="base_url",
        detail=detail,
    )
