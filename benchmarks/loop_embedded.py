"""The embedded learner: learn from programs for ARC training tasks, then search evaluation tasks at 0.25, 0.5 and 1 of
today's CPU, beside the unlearnt search in the same run.

What is learnt from are the lessons that a release of accepted traces holds: programs of the unlearnt sampler that give
the right outputs of a training task. No task of the evaluation set is read before the guide is made, and of those only
what a sampler sees; their answers are compared with the guesses afterwards. A task counts as solved when every right
output is among the first two distinct ones that the programs that fit vote for. CPU seconds are those of the search of
the grid and object views, which is what is learnt; the pixel view searches as ever.
"""

import argparse
import json
import os
import platform
import random
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.symbolic_arc import Item, load, rank_of
from trajectories.core.exporters import ExportItem
from trajectories.core.learning.examples import read_examples
from trajectories.core.learning.fitting import METHODS, cross_validate, fit_guide
from trajectories.core.learning.lessons import Lesson
from trajectories.core.problems.grids import grid_to_lists
from trajectories.core.records import ProblemKind
from trajectories.core.samplers.symbolic.guide import Guide, read_guide
from trajectories.core.samplers.symbolic.population import GRID_CELLS, find_programs

SHARES = (0.25, 0.5, 1.0)
GUESSES = 2
PER_TASK = 12
FOLDS = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tasks", type=int, help="a fixed random subset of so many tasks of either set")
    parser.add_argument("--seed", type=int, default=0, help="which subset")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--programs", type=Path, help="keep programs of training tasks here, or take those there")
    parser.add_argument("--teach-work", type=int, default=GRID_CELLS, help="work units of the search learnt from")
    parser.add_argument("--held-out", choices=("evaluation", "training"), default="evaluation",
                        help="training: cross-validated by task, for choosing")  # fmt: skip
    parser.add_argument("--json", type=Path, help="write the figures to this file")


def measure(options: argparse.Namespace) -> None:
    started = time.time()
    programs = gather(options)
    report: dict[str, Any] = {
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
        "taught": {"tasks": sum(map(bool, programs.values())), "of": len(programs)},
    }
    if options.held_out == "training":
        report["training"] = compare_folds(options, programs)
    else:
        guide, report["bits_a_step"] = learn(programs)
        report["method"] = guide.method
        items = sampled(load("evaluation", None, 0), options)
        report["evaluation"] = compare(items, [guide.as_bytes()] * len(items), options.processes)
    report["minutes"] = round((time.time() - started) / 60, 1)
    print(json.dumps(report, indent=2))
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def sampled(items: list[Item], options: argparse.Namespace) -> list[Item]:
    """A fixed random subset, in an order of its own."""
    if options.tasks is None:
        return items
    random.Random(options.seed).shuffle(items)
    return items[: options.tasks]


def gather(options: argparse.Namespace) -> dict[str, list[str]]:
    """The sources of right programs by training task, the simplest first; tasks without any have none."""
    found: dict[str, list[str]] = {}
    if options.programs and options.programs.is_file():
        found = json.loads(options.programs.read_text(encoding="utf-8"))
    missing = [item for item in load("training", None, 0) if item[0] not in found]
    with ProcessPoolExecutor(options.processes) as pool:
        for item, programs in zip(missing, pool.map(partial(teach, work=options.teach_work), missing), strict=True):
            found[item[0]] = programs
            if options.programs:
                options.programs.write_text(json.dumps(found), encoding="utf-8")
    return found


def teach(item: Item, work: int) -> list[str]:
    _, task, answers = item
    views = find_programs.__wrapped__(task, work).values()
    right = [c for view in views for c in view.ranked if c.fits and list(c.test_outputs) == answers]
    return [c.program.source() for c in sorted(right, key=lambda c: c.program.cost)[:PER_TASK]]


def lessons_of(items: Sequence[Item], programs: dict[str, list[str]]) -> list[Lesson]:
    """The lessons of a release of these programs: what is learnt from, without any test output."""
    return [
        Lesson(
            ExportItem(
                prompt=(), reasoning="", program=source, answer=None, steps=(), problem_name=name,
                problem_kind=ProblemKind.ARC, spec=_spec(task), reference=None, problem_hash=name,
            ),
            is_correct=True,
        )
        for name, task, _ in items for source in programs.get(name, ())
    ]  # fmt: skip


def _spec(task: Any) -> dict[str, Any]:
    return {
        "train": [{"input": grid_to_lists(p.input), "output": grid_to_lists(p.output)} for p in task.train],
        "test": [{"input": grid_to_lists(p.input)} for p in task.test],
    }


def learn(programs: dict[str, list[str]]) -> tuple[Guide, dict[str, float]]:
    """The guide of all programs by the method that names their steps best on tasks held out."""
    examples = read_examples(lessons_of(load("training", None, 0), programs))
    print(f"{len(examples.tasks)} tasks, left out: {dict(examples.left_out)}", flush=True)
    bits = {method: cross_validate(examples.tasks, method, FOLDS, 0, lambda *_: None).mean for method in METHODS}
    best = min(bits, key=lambda method: bits[method])
    print("bits a step on tasks held out:", bits, flush=True)
    return fit_guide(examples.tasks, best), bits


def compare_folds(options: argparse.Namespace, programs: dict[str, list[str]]) -> dict[str, Any]:
    """The comparison on training tasks, each searched with a guide that has not seen it."""
    items = sampled(load("training", None, 0), options)
    guides = []
    by_name = dict(zip((name for name, _, _ in items), range(len(items)), strict=True))
    examples = read_examples(lessons_of(load("training", None, 0), programs)).tasks
    folds = [
        fit_guide([e for e in examples if by_name.get(e.problem, -1) % FOLDS != fold], "log-linear").as_bytes()
        for fold in range(FOLDS)
    ]
    guides = [folds[place % FOLDS] for place in range(len(items))]
    return compare(items, guides, options.processes)


def compare(items: Sequence[Item], guides: Sequence[bytes], processes: int) -> dict[str, Any]:
    """Figures of both samplers at every share, task by task in turn, so that both meet the same machine."""
    figures: dict[str, list[tuple[bool, float]]] = {}
    with ProcessPoolExecutor(processes) as pool:
        for number, found in enumerate(pool.map(search_both, items, guides), 1):
            for key, value in found.items():
                figures.setdefault(key, []).append(value)
            if number % 5 == 0:
                print(number, {key: _figures(rows) for key, rows in figures.items()}, flush=True)
    return {key: _figures(rows) for key, rows in figures.items()}


def _figures(rows: list[tuple[bool, float]]) -> dict[str, float]:
    return {
        "tasks": len(rows),
        "solved": sum(solved for solved, _ in rows),
        "cpu_seconds_mean": round(sum(seconds for _, seconds in rows) / len(rows), 3),
    }


def search_both(item: Item, text: bytes) -> dict[str, tuple[bool, float]]:
    """{"unlearnt 0.5": (solved, CPU seconds), ...}; the features and the reading of the guide count as CPU."""
    found = {}
    for share in SHARES:
        for name, guide in (("unlearnt", None), ("learnt", text)):
            found[f"{name} {share}"] = search(item, int(GRID_CELLS * share), guide)
    return found


def search(item: Item, work: int, text: bytes | None) -> tuple[bool, float]:
    _, task, answers = item
    guide = read_guide(text) if text else None
    started = time.process_time()
    views = find_programs.__wrapped__(task, work, guide)
    seconds = time.process_time() - started
    rank = rank_of([c for view in views.values() for c in view.ranked], answers)
    return rank is not None and rank < GUESSES, seconds
