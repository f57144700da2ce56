"""Episodes of worlds by run: who reached the goal in which episode, and what that took."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from trajectories.core.consolidation.recovery import Recovery, mean, recovery_after, share
from trajectories.core.problems.kinds import EPISODES
from trajectories.core.records import Outcome
from trajectories.core.worlds.schedules import ScheduleError, WorldPlan
from trajectories.models import Problem, Run, Trace, Verdict
from trajectories.selectors.insights.scopes import InsightScope

VERIFIER = "episode"


@dataclass(frozen=True, slots=True)
class PlayedRun:
    """A run over episodes. `lanes` has, for each agent or sample, whether each episode reached the goal, in order.

    `changes` are the episodes in which the world changes. `detour` is the mean share of the shortest way in the steps
    taken, over episodes that reached the goal. `cost` is None where a price is not known; `seconds` are of the sampler.
    """

    run: Run
    title: str
    world: str
    lanes: Sequence[Sequence[bool]]
    changes: Sequence[int]
    detour: float | None
    cost: float | None
    tokens: int
    seconds: float

    @property
    def episodes(self) -> int:
        """Episodes played, of all agents."""
        return sum(map(len, self.lanes))

    @property
    def success(self) -> float | None:
        """The share of all episodes that reached the goal."""
        return share([each for lane in self.lanes for each in lane])

    @property
    def recoveries(self) -> list[Recovery]:
        """The recovery of each agent after each change."""
        ends = [0, *self.changes, None]
        return [
            recovery_after(lane, change, ends[place + 2], ends[place] or 0)
            for lane in self.lanes
            for place, change in enumerate(self.changes)
            if len(lane) > change
        ]

    @property
    def mean_recovery(self) -> Recovery:
        """The mean over agents and changes; `episodes` over those that recovered, rounded."""
        found = self.recoveries
        episodes = mean([None if each.episodes is None else float(each.episodes) for each in found])
        return Recovery(
            mean([each.before for each in found]),
            mean([each.right_after for each in found]),
            mean([each.adapted for each in found]),
            None if episodes is None else round(episodes),
            mean([each.area for each in found]),
        )

    @property
    def never_recovered(self) -> int:
        """Changes after which success has not come back yet, where there was any before."""
        return sum(each.episodes is None and bool(each.before) for each in self.recoveries)


def played_runs(scope: InsightScope) -> list[PlayedRun]:
    """The runs of a scope that have verified episodes, in order of their keys."""
    traces = Trace.objects.filter(problem__kind__in=EPISODES, run__isnull=False, hinted=False)
    traces = traces.filter(attempt__isnull=False).exclude(correctness="")
    if scope.problem_set is not None:
        traces = traces.filter(problem__problem_set=scope.problem_set)
    if scope.sampler is not None:
        traces = traces.filter(sampler=scope.sampler)
    if scope.instruction is not None:
        traces = traces.filter(instruction=scope.instruction)
    if scope.runs:
        traces = traces.filter(run__in=scope.runs)
    rows = traces.values_list(
        "run", "attempt__instruction", "attempt__temperature", "attempt__ordinal", "problem__spec__episode",
        "correctness", "cost", "input_tokens", "output_tokens", "latency_seconds", "problem_id",
    )  # fmt: skip
    by_run: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for run_id, *row in rows.order_by("run", "problem__spec__episode", "pk"):
        by_run[run_id].append(tuple(row))
    runs = Run.objects.select_related("sampler").defer("plan").in_bulk(by_run)
    detours = _detours(traces)
    firsts = {key: found[0][-1] for key, found in by_run.items()}
    specs = dict(Problem.objects.filter(pk__in=set(firsts.values())).values_list("pk", "spec"))
    return [_played(runs[key], found, specs[firsts[key]], detours.get(key)) for key, found in sorted(by_run.items())]


def _played(run: Run, rows: Sequence[tuple[Any, ...]], spec: Any, detour: float | None) -> PlayedRun:
    lanes: dict[tuple[Any, ...], list[bool]] = defaultdict(list)
    for instruction, temperature, ordinal, _, correctness, *_rest in rows:
        lanes[instruction, temperature, ordinal].append(correctness == Outcome.PASS)
    try:
        plan = WorldPlan.from_json(spec)
        world, changes = plan.world, plan.change_episodes()
    except ScheduleError:
        world, changes = "", []
    costs = [row[5] for row in rows]
    return PlayedRun(
        run=run,
        title=str(run.sampler),
        world=world,
        lanes=[lanes[key] for key in sorted(lanes, key=str)],
        changes=changes,
        detour=detour,
        cost=None if None in costs else float(sum(costs)),
        tokens=sum(int(row[6]) + int(row[7]) for row in rows),
        seconds=sum(float(row[8]) for row in rows),
    )


def _detours(traces: QuerySet[Trace]) -> dict[int, float]:
    """The mean score of the traces that reached the goal, by run: the shortest way as a share of the steps taken.

    Of a trace that was verified again the newest verdict counts.
    """
    passed = Verdict.objects.filter(trace__in=traces, verifier=VERIFIER, outcome=Outcome.PASS).order_by("pk")
    newest = {trace: (run, score) for trace, run, score in passed.values_list("trace", "trace__run", "score")}
    scores: dict[int, list[float]] = defaultdict(list)
    for run_id, score in newest.values():
        if run_id is not None and score is not None:
            scores[run_id].append(score)
    return {key: sum(found) / len(found) for key, found in scores.items()}
