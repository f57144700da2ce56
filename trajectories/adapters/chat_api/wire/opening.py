"""Opening the client late: the openai package takes a second to import, and most processes never call a model."""

from typing import TYPE_CHECKING

from trajectories.adapters.chat_api.wire.settings import ChatSettings
from trajectories.adapters.endpoints import EndpointAccess

if TYPE_CHECKING:
    from trajectories.adapters.chat_api.wire.client import ChatClient


def open_client(settings: ChatSettings, access: EndpointAccess) -> "ChatClient":
    """A client of the endpoint; its first use in a process imports what it is made of. Raises CallError for an address
    or a key that is not allowed, and for a key that is not there."""
    from trajectories.adapters.chat_api.wire.client import ChatClient

    return ChatClient(settings, access)
