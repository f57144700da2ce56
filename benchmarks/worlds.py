"""Agents in a world that changes: success, recovery after the change and CPU time; and the search of a large memory.

    python -m benchmarks.worlds [--seeds 3] [--episodes 100] [--only success|search|network]

Success: the 10 x 10 maze whose wall turns at half of the episodes (John & Motani 2023), fast & slow beside its
ablations, Q-learning and chance. Search: one search of 100 branches over 20 steps in a memory of 1,000,000 transitions
(a maze of 500 x 500 cells, in which the agent stands in the middle), and in one of a 40 x 40 maze that was seen a
million times. Network: one step of training as an episode has it, by scikit-learn and by the network here.

Aims: fast & slow reaches the goal in at least 92 % of the episodes, 100 episodes take less than 10 CPU seconds, a
search takes less than 20 ms.
"""

import argparse
import time
import warnings
from collections.abc import Callable, Mapping
from statistics import mean

import numpy as np
from threadpoolctl import threadpool_limits

from trajectories.core.agents import AGENTS, Surroundings, ablations
from trajectories.core.agents.memory import MindMemory, Remembered
from trajectories.core.agents.networks import Network
from trajectories.core.agents.playing import play
from trajectories.core.consolidation.recovery import recovery_after
from trajectories.core.identity import derive_seed
from trajectories.core.worlds import make_world
from trajectories.core.worlds.mazes import MOVES, Maze
from trajectories.core.worlds.schedules import WorldPlan, read_changes

AGENT_SETTINGS: Mapping[str, tuple[str, Mapping[str, int]]] = {
    **{name: ("fast-slow", settings) for name, settings in ablations().items()},
    "Q-learning": ("q-learning", {}),
    "random": ("random", {}),
}
SEARCHES = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--only", choices=("success", "search", "network"))
    options = parser.parse_args()
    parts: dict[str, Callable[[], None]] = {
        "success": lambda: measure_success(options.seeds, options.episodes),
        "search": measure_search,
        "network": measure_network,
    }
    for name, measure in parts.items():
        if options.only in (None, name):
            measure()


def measure_success(seeds: int, episodes: int) -> None:
    """Print success, recovery and CPU seconds of every agent."""
    change = episodes // 2
    print(
        f"{'agent':12} {'reached, by seed':>20} {'before':>7} {'first 10':>9} {'then':>6} {'recovery':>9}"
        f" {'CPU s/100':>10}"
    )
    for name, (agent_name, settings) in AGENT_SETTINGS.items():
        reached, found, seconds = [], [], []
        for seed in range(seeds):
            plan = WorldPlan(
                "maze", {}, read_changes([{"episode": change, "step": 0, "set": {"wall": "upright"}}]), seed, 100
            )
            world = make_world(plan)
            agent = AGENTS[agent_name](Surroundings.of(world), settings, seed)
            began = time.process_time()
            won = [play(world, agent, number, derive_seed(seed, number)).reached for number in range(episodes)]
            seconds.append((time.process_time() - began) * 100 / episodes)
            reached.append(sum(won))
            found.append(recovery_after(won, change))
        recovered = [each.episodes for each in found if each.episodes is not None]
        words = f"{mean(recovered):.1f}" if len(recovered) == seeds else f"{len(recovered)} of {seeds}"
        print(
            f"{name:12} {', '.join(f'{100 * won / episodes:.0f} %' for won in reached):>20}"
            f" {mean(each.before or 0 for each in found):7.0%} {mean(each.right_after or 0 for each in found):9.0%}"
            f" {mean(each.adapted or 0 for each in found):6.0%} {words:>9} {mean(seconds):10.1f}"
        )


def remembered_maze(size: int, visits: int) -> MindMemory:
    """A memory of every move in a maze."""
    maze = Maze(WorldPlan("maze", {"size": min(size, 200), "wall": "none"}, (), 0, 100))
    maze.current["size"] = size
    maze.goal = None
    memory = MindMemory(len(MOVES))
    memory.load(
        Remembered((x, y), action, maze.move((x, y), action).state, False, visits, 0, 0, 0)
        for x in range(size)
        for y in range(size)
        for action in range(len(MOVES))
    )
    return memory


def measure_search() -> None:
    """Print how long one search takes."""
    for size, visits, words in ((500, 1, "500 x 500"), (40, 1_000_000 // (4 * 40 * 40), "40 x 40")):
        memory = remembered_maze(size, visits)
        rng = np.random.default_rng(0)
        middle = size // 2
        for distance in (5, 60):  # near enough to be found, too far for 20 steps
            times = []
            for _ in range(SEARCHES):
                began = time.perf_counter()
                memory.search((middle, middle), (middle - min(distance, middle), middle), 100, 20, rng, tell=True)
                times.append(time.perf_counter() - began)
            times.sort()
            print(
                f"search, {len(memory):,} transitions ({words}), {sum(row.visits for row in memory):,} times seen, goal"
                f" {distance} away: median {1000 * times[SEARCHES // 2]:.2f} ms, 99 % {1000 * times[-3]:.2f} ms"
            )


def measure_network() -> None:
    """Print how long one step of training on 50 pairs takes, by scikit-learn and by ours."""
    from sklearn.neural_network import MLPClassifier

    rng = np.random.default_rng(0)
    rows, actions = rng.random((50, 4), dtype=np.float32), rng.integers(0, 4, 50)
    ours = Network(4, 4, rng)
    theirs = MLPClassifier(hidden_layer_sizes=(128, 128), random_state=0)
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        theirs.partial_fit(rows, actions, classes=np.arange(4))
        for name, fit, answer in (
            ("numpy", ours.fit, ours),
            ("scikit-learn", theirs.partial_fit, theirs.predict_proba),
        ):
            began = time.process_time()
            for _ in range(500):
                fit(rows, actions)
                answer(rows[:1])
            print(
                f"one step of training on 50 pairs and one answer, {name}: {2 * (time.process_time() - began):.2f} ms"
            )


if __name__ == "__main__":
    main()
