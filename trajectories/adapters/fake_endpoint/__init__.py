"""A loopback endpoint that speaks the protocol of chat models: to try everything without one, and to break it."""

from trajectories.adapters.fake_endpoint.agents import Converser, LoopingAgent, SymbolicAgent, tool_call
from trajectories.adapters.fake_endpoint.answers import Answer, canned, learner, symbolic
from trajectories.adapters.fake_endpoint.behaviour import FAILURES, TAKES, Behaviour, Play
from trajectories.adapters.fake_endpoint.judges import Judge
from trajectories.adapters.fake_endpoint.problems import Versatile, problem_writer
from trajectories.adapters.fake_endpoint.server import FakeEndpoint

__all__ = [
    "FAILURES",
    "TAKES",
    "Answer",
    "Behaviour",
    "Converser",
    "FakeEndpoint",
    "Judge",
    "LoopingAgent",
    "Play",
    "SymbolicAgent",
    "Versatile",
    "canned",
    "learner",
    "problem_writer",
    "symbolic",
    "tool_call",
]
