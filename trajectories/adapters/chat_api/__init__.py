"""Sampling from language models behind OpenAI-compatible endpoints."""

from trajectories.adapters.chat_api.calls import Answered, ChatCall
from trajectories.adapters.chat_api.faults import CallError
from trajectories.adapters.chat_api.opening import open_client
from trajectories.adapters.chat_api.ports import PaidReply, Ports
from trajectories.adapters.chat_api.sampler import ChatSampler, ChatSession
from trajectories.adapters.chat_api.session import CallSession
from trajectories.adapters.chat_api.settings import CHAT_COMPLETIONS, RESPONSES, ChatSettings

__all__ = [
    "CHAT_COMPLETIONS",
    "RESPONSES",
    "Answered",
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
