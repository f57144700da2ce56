"""What the environment says about calls to models: whose keys may go where, and which addresses may be reached."""

import os
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from trajectories.adapters.endpoints import WELL_KNOWN_KEYS, AddressRules, EndpointAccess, KeyBindings

WELL_KNOWN_HUB = "HF_TOKEN=https://huggingface.co"


def model_endpoints(*, embedded: bool) -> EndpointAccess:
    """The rules for calls to models. Without a setting, well-known variables are bound to their makers' addresses, and
    an installation with the embedded database, which is one machine, may reach its own ports.

    Raises ImproperlyConfigured with one sentence for a setting that cannot be read.
    """
    keys, addresses = os.environ.get("MODEL_KEYS"), os.environ.get("MODEL_ADDRESSES")
    try:
        return EndpointAccess(
            keys=KeyBindings.read(WELL_KNOWN_KEYS if keys is None else keys),
            addresses=AddressRules.read(("loopback" if embedded else "") if addresses is None else addresses),
            proxy=_read_proxy(os.environ.get("MODEL_PROXY", "").strip()),
        )
    except ValueError as fault:
        raise ImproperlyConfigured(str(fault)) from None


def hub_keys() -> KeyBindings:
    """Which variables hold keys of hubs of data sets, and to which hub each may be sent. Without a setting it is the
    Hugging Face Hub's own. Raises ImproperlyConfigured."""
    keys = os.environ.get("HUB_KEYS")
    try:
        return KeyBindings.read(WELL_KNOWN_HUB if keys is None else keys, "HUB_KEYS", WELL_KNOWN_HUB)
    except ValueError as fault:
        raise ImproperlyConfigured(str(fault)) from None


def _read_proxy(text: str) -> str:
    """The proxy's address. Raises ValueError without repeating it: there may be a password in it."""
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if text and not good:
        raise ValueError(
            "MODEL_PROXY: found no address of a proxy, expected one such as http://proxy.example.org:3128."
        )
    return text
