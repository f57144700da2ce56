"""Which endpoints of models may be called, from where, and which key each of them may be sent."""

from trajectories.adapters.endpoints.access import AccessError, EndpointAccess
from trajectories.adapters.endpoints.addresses import AddressRules
from trajectories.adapters.endpoints.keys import WELL_KNOWN_KEYS, KeyBindings, is_reserved
from trajectories.adapters.endpoints.urls import EndpointUrl, UrlError, read_url

__all__ = [
    "WELL_KNOWN_KEYS",
    "AccessError",
    "AddressRules",
    "EndpointAccess",
    "EndpointUrl",
    "KeyBindings",
    "UrlError",
    "is_reserved",
    "read_url",
]
