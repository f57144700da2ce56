"""Opening the client late: the openai package takes a second to import, and most processes never call a model."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from trajectories.adapters.chat_api.settings import ChatSettings

if TYPE_CHECKING:
    from trajectories.adapters.chat_api.client import ChatClient


def open_client(settings: ChatSettings, environment: Mapping[str, str] = os.environ) -> "ChatClient":
    """A client of the endpoint; its first use in a process imports what it is made of. Raises CallError for a key that
    is not there."""
    from trajectories.adapters.chat_api.client import ChatClient

    return ChatClient(settings, environment)
