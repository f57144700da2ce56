"""Agents by name: what acts in worlds and learns from one episode to the next, see base.Agent."""

from trajectories.core.agents.base import Agent, Surroundings
from trajectories.core.agents.fast_slow import FastSlow
from trajectories.core.agents.tabular import QLearning, RandomAgent

AGENTS: dict[str, type[Agent]] = {agent.name: agent for agent in (FastSlow, QLearning, RandomAgent)}
"""Every agent. Fast & slow without its halves is set by its settings."""


def ablations() -> dict[str, dict[str, int]]:
    """The settings of fast & slow and of what is left of it without one half or both."""
    return {
        "fast & slow": {},
        "fast only": {"slow": 0},
        "slow only": {"fast": 0},
        "neither": {"fast": 0, "slow": 0},
    }


__all__ = ["AGENTS", "Agent", "Surroundings", "ablations"]
