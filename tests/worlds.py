"""Worlds, agents and runs over episodes for tests."""

from trajectories.core.worlds import world_type
from trajectories.core.worlds.schedules import WorldPlan, read_changes
from trajectories.models import Problem, Run, Sampler
from trajectories.services.endpoints.samplers import ensure_agents
from trajectories.services.problems.episodes import add_episodes
from trajectories.services.prompts.instructions import ensure_episode_instruction
from trajectories.services.runs.embedded_sampling import sample_next_batch
from trajectories.services.runs.lifecycle import plan_run
from trajectories.services.runs.plans import Plan
from trajectories.services.verification.queue import verify_traces

MAZE = ("maze", {"size": 5}, [{"episode": 3, "step": 0, "set": {"wall": "upright"}}])
EVERY_WORLD = {
    "maze": MAZE,
    "a maze that turns while it is walked": (
        "maze", {"size": 5}, [{"episode": 2, "step": 4, "set": {"wall": "upright"}}],
    ),
    "key and door": ("key-and-door", {"size": 5}, [{"episode": 3, "step": 0, "set": {"key": "far", "door": "near"}}]),
    "flaky tools": (
        "flaky-tools", {"failing": 30, "slow": 20}, [{"episode": 1, "step": 6, "set": {"office": "south"}}],
    ),
    "shifting ARC": ("shifting-arc", {}, [{"episode": 3, "step": 0, "set": {"rule": "turn-180", "shift": 1}}]),
    "frozen lake": (
        "gymnasium:FrozenLake-v1", {"is_slippery": False}, [{"episode": 3, "step": 0, "set": {"is_slippery": True}}],
    ),
    "taxi": ("gymnasium:Taxi-v4", {}, []),
    "cliff": ("gymnasium:CliffWalking-v1", {}, []),
    "blackjack": ("gymnasium:Blackjack-v1", {}, []),
}  # fmt: skip
"""(world, settings, changes) by what it is."""


def world_plan(name="maze", settings=None, changes=None, *, seed=1, steps=None) -> WorldPlan:
    kind = world_type(name)
    changes = list(kind.usual_changes) if changes is None else changes
    return WorldPlan(name, settings or {}, read_changes(changes), seed, steps or kind.usual_steps)


def make_world_set(plan=None, episodes=6, title="A small maze"):
    return add_episodes(actor=None, plan=plan or world_plan(*MAZE), episodes=episodes, set_title=title).problem_set


def agent(name="fast-slow") -> Sampler:
    return {sampler.name: sampler for sampler in ensure_agents()}[name]


def plan_episodes(problem_set, *, sampler=None, agents=1, seed=7) -> Run:
    return plan_run(
        actor=None,
        title="Episodes",
        sampler=sampler or agent(),
        plan=Plan(
            problems=list(Problem.objects.filter(problem_set=problem_set).order_by("pk")),
            instructions=[ensure_episode_instruction()],
            temperatures=[0.0],
            samples_each=agents,
        ),
        seed=seed,
        problem_set=problem_set,
    )


def play_all(run: Run) -> Run:
    """Play all episodes and verify them."""
    more = True
    while more:
        report = sample_next_batch(run_id=run.pk)
        verify_traces(trace_ids=report.trace_ids)
        more = report.more
    run.refresh_from_db()
    return run
