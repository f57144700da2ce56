"""CPU time and memory of cons@k, in turn with an older build: problems of one right and nine wrong answers.

PYTHONPATH=. python benchmarks/consensus.py --beside ../before [--problems 400] [--rounds 3]

The older build (a worktree of a commit before cons@k took all problems together) is asked problem by problem. Every
measurement is a process of its own, which asks for a few problems first, so that nothing is loaded or remembered.
"""

import argparse
import importlib.util
import os
import platform
import random
import resource
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

MODULE = Path("trajectories/core/consolidation/consensus.py")
CASES = ((243, 64), (1_024, 64), (243, 128), (1_024, 128), (1_024, 512))
"""Samples of each problem and the largest k."""
WARM = 20
OLDER_REACH = 64

Ballot = tuple[tuple[int, bool], ...]


def ballots(problems: int, samples: int, seed: int) -> list[Ballot]:
    """Problems of any difficulty, as benchmarks/pages.py makes them."""
    generator = random.Random(seed)
    made = []
    for _ in range(problems):
        ease, votes = generator.betavariate(0.7, 0.9), [0] * 10
        for sample in range(samples):
            right = generator.random() < 0.97 * ease ** (1 / (1 + sample % 4))
            votes[0 if right else generator.randint(1, 9)] += 1
        made.append(tuple((count, not answer) for answer, count in enumerate(votes) if count))
    return made


def measured(root: str, older: bool, problems: int, samples: int, top: int) -> tuple[float, float, list[Any]]:
    """CPU milliseconds a problem, MiB that the process grew by at most, and what came out."""
    spec = importlib.util.spec_from_file_location("consensus", Path(root) / MODULE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["consensus"] = module
    spec.loader.exec_module(module)
    ks = tuple(2**power for power in range(top.bit_length()))

    def ask(some: list[Ballot]) -> list[Any]:
        if older:
            return [module.cons_at_k(each, 0, ks) for each in some]
        return list(module.cons_at_k(tuple((each, 0) for each in some), ks))

    asked = ballots(problems, samples, 1)
    ask(ballots(WARM, samples, 2))
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    found = ask(asked)
    taken = 1000 * (time.process_time() - started) / problems
    return taken, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, found


def alone(*arguments: Any) -> tuple[float, float, list[Any]]:
    """The same in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measured, *arguments).result()


def middle(rounds: list[tuple[float, float, list[Any]]]) -> tuple[float, float]:
    """The medians of time and memory."""
    return statistics.median(each[0] for each in rounds), statistics.median(each[1] for each in rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--beside", type=Path, required=True)
    parser.add_argument("--problems", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}; {arguments.problems} problems")
    print("| samples | k up to | ms a problem | older | older / this | MiB | older | apart by |\n" + "|---" * 8 + "|")
    for samples, top in CASES:
        here, there = [], []
        for _ in range(arguments.rounds):
            here.append(alone(".", False, arguments.problems, samples, top))
            if top <= OLDER_REACH:
                there.append(alone(str(arguments.beside), True, arguments.problems, samples, top))
        taken, grown = middle(here)
        if not there:
            print(f"| {samples:,} | {top} | {taken:.2f} | | | {grown:.1f} | | |", flush=True)
            continue
        older, older_grown = middle(there)
        pairs = zip(sum(here[0][2], ()), sum(there[0][2], ()), strict=True)
        apart = max(abs(one - other) for one, other in pairs if one is not None)
        print(
            f"| {samples:,} | {top} | {taken:.2f} | {older:.2f} | {older / taken:.1f}"
            f" | {grown:.1f} | {older_grown:.1f} | {apart:.0e} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
