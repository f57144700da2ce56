"""Sampling from language models behind OpenAI-compatible endpoints."""

from trajectories.adapters.chat_api.calls.batching import Basket
from trajectories.adapters.chat_api.calls.ports import PaidReply, Ports
from trajectories.adapters.chat_api.calls.records import Answered, ChatCall
from trajectories.adapters.chat_api.calls.session import CallSession
from trajectories.adapters.chat_api.samples.sampler import ChatSampler, ChatSession
from trajectories.adapters.chat_api.wire.faults import CallError
from trajectories.adapters.chat_api.wire.opening import open_client
from trajectories.adapters.chat_api.wire.settings import CHAT_COMPLETIONS, RESPONSES, ChatSettings

__all__ = [
    "CHAT_COMPLETIONS",
    "RESPONSES",
    "Answered",
    "Basket",
    "CallError",
    "CallSession",
    "ChatCall",
    "ChatSampler",
    "ChatSession",
    "ChatSettings",
    "PaidReply",
    "Ports",
    "open_client",
]
