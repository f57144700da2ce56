"""A loopback endpoint that speaks the protocol of chat models: to try everything without one, and to break it."""

from trajectories.stand_ins.fake_endpoint.agents import Converser, LoopingAgent, SymbolicAgent, tool_call
from trajectories.stand_ins.fake_endpoint.answers import Answer, canned, learner, symbolic
from trajectories.stand_ins.fake_endpoint.behaviour import FAILURES, TAKES, Behaviour, Play
from trajectories.stand_ins.fake_endpoint.judges import Judge
from trajectories.stand_ins.fake_endpoint.problems import Versatile, problem_writer
from trajectories.stand_ins.fake_endpoint.server import FakeEndpoint
from trajectories.stand_ins.fake_endpoint.sums import Adder
from trajectories.stand_ins.fake_endpoint.worlds import Walker, act_call

__all__ = [
    "FAILURES",
    "TAKES",
    "Adder",
    "Answer",
    "Behaviour",
    "Converser",
    "FakeEndpoint",
    "Judge",
    "LoopingAgent",
    "Play",
    "SymbolicAgent",
    "Versatile",
    "Walker",
    "act_call",
    "canned",
    "learner",
    "problem_writer",
    "symbolic",
    "tool_call",
]
