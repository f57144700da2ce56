"""Success over the episodes of worlds that change, and how long it takes to come back."""

from collections.abc import Sequence
from dataclasses import replace

from trajectories.charts.base import Chart, counts_of, percent, run_link
from trajectories.core.consolidation.recovery import RECOVERED_OF, WINDOW, moving_share
from trajectories.core.figures.records import Axis, Column, Count, Figure, Mark, Point, Row, Series, Unit, Value
from trajectories.core.problems.kinds import EPISODES
from trajectories.selectors.insights.scopes import InsightScope
from trajectories.selectors.insights.tallies import get_tally
from trajectories.selectors.insights.worlds import PlayedRun, played_runs

TONES = 8
DRAWN = 8
"""Runs that are drawn, the newest of them; the table has all."""

MISSING = "No run of this selection has played an episode of a world yet."
SUCCESS_WORDS = (
    f"Success: the share of the last {WINDOW} episodes that reached the goal, over all agents of a run. A dashed line"
    f" is an episode in which the world changed; of several worlds it has the colour of the world's"
    f" first run. The {DRAWN} newest runs are drawn; the table has every run."
)
RECOVERY_WORDS = (
    f"Recovery: episodes after a change until the next {WINDOW} do as well as all before the change did, on average"
    f" over agents and changes that recovered; undefined where nothing succeeded before."
    f" Area: mean success over the first {RECOVERED_OF} episodes after a"
    " change."
)


def _named(played: PlayedRun) -> str:
    return f"{played.title}, run {played.run.pk}"


def _mean_success(played: PlayedRun) -> list[float]:
    """The moving success of each episode, over the agents that have played it."""
    curves = [moving_share(lane) for lane in played.lanes]
    longest = max(map(len, curves), default=0)
    at = ([curve[place] for curve in curves if place < len(curve)] for place in range(longest))
    return [sum(found) / len(found) for found in at]


def _counts(scope: InsightScope, runs: Sequence[PlayedRun]) -> Sequence[Count]:
    """What became of the episodes of the runs in the table: samples of other problems are not what is shown."""
    shown = replace(scope, problem_kinds=EPISODES)
    if runs:
        shown = replace(shown, runs=tuple(each.run.pk for each in runs))
    return counts_of(get_tally(shown), shown)


def build_success(scope: InsightScope) -> Figure:
    """Success over episodes, a line for each run."""
    runs = played_runs(scope)
    columns = [
        Column("Run"), Column("World"), Column("Episodes", Unit.COUNT), Column("Reached the goal", Unit.SHARE),
        Column("World changes in"), Column("Shortest way of steps taken", Unit.SHARE),
    ]  # fmt: skip
    rows = [Row(_success_row(each), run_link(each.run.pk)) for each in runs]
    counts = _counts(scope, runs)
    if not runs:
        return Figure(SUCCESS.title, SUCCESS_WORDS, columns, counts=counts, missing=MISSING)
    drawn = runs[-DRAWN:]
    series = [_success_series(each, place) for place, each in enumerate(drawn)]
    series += _change_series(drawn)
    return Figure(
        title=SUCCESS.title,
        definition=SUCCESS_WORDS,
        columns=columns,
        rows=rows,
        counts=counts,
        series=series,
        x=Axis("Episode", Unit.COUNT),
        y=Axis(f"Success of the last {WINDOW}", Unit.SHARE, top=1.03),
        summary="; ".join(f"{_named(each)}: {percent(each.success)}" for each in drawn) + ".",
    )


def _change_series(drawn: Sequence[PlayedRun]) -> list[Series]:
    """A dashed line for each episode in which a world changes; of several worlds in the tone of its first run."""
    tones = {each.world: str(place % TONES + 1) for place, each in reversed(list(enumerate(drawn))) if each.changes}
    is_one = len(tones) == 1
    return [
        Series(
            "World changes" if is_one else f"{world} changes",
            Mark.GUIDE,
            "muted" if is_one else tone,
            [Point(change, 0.0), Point(change, 1.0)],
            in_legend=not place,
        )
        for world, tone in sorted(tones.items())
        for place, change in enumerate(sorted({at for each in drawn if each.world == world for at in each.changes}))
    ]


def _success_row(played: PlayedRun) -> list[Value]:
    changes = ", ".join(map(str, played.changes)) or "none"
    return [_named(played), played.world, played.episodes, played.success, changes, played.detour]


def _success_series(played: PlayedRun, place: int) -> Series:
    points = [
        Point(episode, value, [f"episode {episode}", percent(value)], run_link(played.run.pk))
        for episode, value in enumerate(_mean_success(played))
    ]
    return Series(_named(played), Mark.LINE, str(place % TONES + 1), points)


def build_recovery(scope: InsightScope) -> Figure:
    """Episodes until success is back, by run."""
    runs = [each for each in played_runs(scope) if each.recoveries]
    columns = [
        Column("Run"), Column("Before the change", Unit.SHARE), Column("Right after", Unit.SHARE),
        Column("After adapting", Unit.SHARE), Column("Recovery in episodes", Unit.COUNT),
        Column("Never recovered", Unit.COUNT), Column("Area under the recovery", Unit.SHARE),
    ]  # fmt: skip
    rows = [Row(_recovery_row(each), run_link(each.run.pk)) for each in runs]
    recovered = [(each, each.mean_recovery.episodes) for each in runs]
    points = [
        Point(place, float(episodes), [_named(each), f"{episodes} episodes"], run_link(each.run.pk))
        for place, (each, episodes) in enumerate(recovered)
        if episodes is not None
    ]
    counts = _counts(scope, runs)
    if not points:
        missing = "No run of this selection has recovered from a change yet." if runs else MISSING
        return Figure(RECOVERY.title, RECOVERY_WORDS, columns, rows, counts=counts, missing=missing)
    return Figure(
        title=RECOVERY.title,
        definition=RECOVERY_WORDS,
        columns=columns,
        rows=rows,
        counts=counts,
        series=[Series("Recovery", Mark.BARS, "1", points, in_legend=False)],
        x=Axis("", ticks=[(place, _named(each)) for place, (each, _) in enumerate(recovered)]),
        y=Axis("Episodes until success is back", Unit.COUNT),
        summary="; ".join(words for point in points for words in [" ".join(point.words)]) + ".",
        sideways=True,
    )


def _recovery_row(played: PlayedRun) -> Sequence[Value]:
    found = played.mean_recovery
    return [
        _named(played), found.before, found.right_after, found.adapted, found.episodes, played.never_recovered,
        found.area,
    ]  # fmt: skip


SUCCESS = Chart("world-success", "Success over episodes", build_success)
RECOVERY = Chart("world-recovery", "Recovery after a change", build_recovery)
