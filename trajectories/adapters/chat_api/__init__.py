"""Sampling from language models behind OpenAI-compatible endpoints."""

from trajectories.adapters.chat_api.client import ChatClient
from trajectories.adapters.chat_api.faults import CallError
from trajectories.adapters.chat_api.ports import PaidReply, Ports
from trajectories.adapters.chat_api.sampler import ChatSampler
from trajectories.adapters.chat_api.session import ChatSession
from trajectories.adapters.chat_api.settings import CHAT_COMPLETIONS, RESPONSES, ChatSettings

__all__ = [
    "CHAT_COMPLETIONS",
    "RESPONSES",
    "CallError",
    "ChatClient",
    "ChatSampler",
    "ChatSession",
    "ChatSettings",
    "PaidReply",
    "Ports",
]
