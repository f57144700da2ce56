"""Strategies by name: how a budget of samples is spent on a problem, see base.Strategy."""

from trajectories.core.strategies.adaptive import Adaptive, AdaptiveModel, AdaptiveSearch
from trajectories.core.strategies.agent import ToolAgent
from trajectories.core.strategies.base import Strategy, StrategyError
from trajectories.core.strategies.beam import Beam
from trajectories.core.strategies.best_first import BestFirst
from trajectories.core.strategies.chains import Chains
from trajectories.core.strategies.dvts import Dvts
from trajectories.core.strategies.experts import Experts
from trajectories.core.strategies.lookahead import Lookahead
from trajectories.core.strategies.mcts import Mcts
from trajectories.core.strategies.mixed import Mixed
from trajectories.core.strategies.parallel import Parallel
from trajectories.core.strategies.rationalise import Rationalise
from trajectories.core.strategies.revise import Revise
from trajectories.core.strategies.until_solved import UntilSolved

STRATEGIES: dict[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        *(Parallel(), UntilSolved(), Revise(), Experts(), ToolAgent(), Rationalise()),
        *(Chains(), Beam(), Dvts(), Lookahead(), BestFirst(), Mcts(), Mixed()),
        *(Adaptive(), AdaptiveModel(), AdaptiveSearch()),
    )
}


def find_strategy(name: str) -> Strategy:
    """The strategy so named. Raises StrategyError."""
    if name not in STRATEGIES:
        raise StrategyError(f"Found the strategy {name!r}; expected one of {', '.join(STRATEGIES)}.")
    return STRATEGIES[name]


__all__ = ["STRATEGIES", "Strategy", "StrategyError", "find_strategy"]
