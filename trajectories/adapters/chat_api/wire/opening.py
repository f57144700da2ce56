"""Opening the client late: the openai package takes a second to import, and most processes never call a model."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from trajectories.adapters.chat_api.wire.settings import ChatSettings
from trajectories.adapters.endpoints import EndpointAccess
from trajectories.core.records import JSON

if TYPE_CHECKING:
    from trajectories.adapters.chat_api.wire.batches import BatchClient
    from trajectories.adapters.chat_api.wire.client import ChatClient


def open_client(settings: ChatSettings, access: EndpointAccess) -> "ChatClient":
    """A client of the endpoint; its first use in a process imports what it is made of. Raises CallError for an address
    or a key that is not allowed, and for a key that is not there."""
    from trajectories.adapters.chat_api.wire.client import ChatClient

    return ChatClient(settings, access)


def open_batches(settings: ChatSettings, access: EndpointAccess) -> "BatchClient":
    """The endpoint's batch service, as late. Raises CallError as `open_client`."""
    from trajectories.adapters.chat_api.wire.batches import BatchClient

    return BatchClient(settings, access)


def batched_body(
    settings: ChatSettings,
    messages: Sequence[Mapping[str, JSON]],
    temperature: float,
    seed: int,
    stop: Sequence[str] = (),
) -> dict[str, Any]:
    """What is sent of a call in a batch: as live, but nothing is streamed there."""
    from trajectories.adapters.chat_api.wire.client import request_body

    body = request_body(replace(settings, streaming=False), messages, temperature, seed, stop=stop)
    return {name: value for name, value in body.items() if name != "stream"}
