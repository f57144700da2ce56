"""How much scoring and comparing answers costs, inside bubblewrap (a fork for each) and in a plain warm child.

.venv/bin/python benchmarks/scoring.py --answers 200
"""

import argparse
import os
import time
from collections.abc import Callable
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from trajectories.adapters.expressions import ExpressionComparer
from trajectories.adapters.procedural import is_installed, shared_source
from trajectories.adapters.procedural.scorer import Scorer
from trajectories.core.problems.procedural import Draw, to_problem
from trajectories.core.records import ProblemRecord

FAMILIES = ("chain_sum", "basic_arithmetic", "caesar_cipher", "word_ladder", "mini_sudoku", "letter_counting")
EACH = 10
WHERE = {"monty": "plain child", "bubblewrap": "bubblewrap, a fork each"}


def expressions(count: int) -> list[tuple[str, str]]:
    """Pairs that all differ, as answers to competition problems do."""
    forms = (r"\frac{{\sqrt{{{0}}}}}{{{1}}}", r"{0}x^2-{1}", r"\left[{1}, {0}\right)", r"{0}\pi+{1}", r"({0},{1})")
    return [
        (form.format(number + 2, number + 1), form.format(number + 2, number + 1 + number % 2))
        for number, form in zip(range(count), cycle(forms), strict=False)
    ]


def problems() -> list[ProblemRecord]:
    """A few problems of some families."""
    made = []
    for family in FAMILIES:
        draw = Draw(family, {}, seed=1, size=EACH)
        made += [to_problem(example, draw, index, split="train") for index, example in enumerate(draw_of(draw))]
    return made


def draw_of(draw: Draw) -> list:  # type: ignore[type-arg]
    return list(islice(shared_source().examples(draw), EACH))


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and of all its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def measure(title: str, work: Callable[[int], object], count: int, pid: Callable[[], int]) -> None:
    """Time the first request, which starts the process, and then `count` of them, which must not end it."""
    started = time.perf_counter()
    work(0)
    first, process = time.perf_counter() - started, pid()
    before, started = cpu_seconds(process), time.perf_counter()
    for number in range(count):
        work(number)
    seconds, cpu = time.perf_counter() - started, cpu_seconds(process) - before
    each = f"{1000 * seconds / count:6.1f} ms of wall and {1000 * cpu / count:5.1f} ms of CPU each"
    print(f"{title:34} first {first:5.2f} s, then {each}")


def compare(comparer: ExpressionComparer, pairs: list[tuple[str, str]], number: int) -> object:
    return comparer.compare(*pairs[number])


def score(scorer: Scorer, records: list[ProblemRecord], number: int) -> float:
    record = records[number % len(records)]
    return scorer.score(record, str(record.reference))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=200)
    count = parser.parse_args().answers
    print(f"load {Path('/proc/loadavg').read_text().split()[0]}, {count} answers")
    pairs = expressions(count)
    for engine, where in WHERE.items():
        comparer = ExpressionComparer(engine)
        measure(f"compare, {where}", partial(compare, comparer, pairs), count, lambda c=comparer: c.pid)  # type: ignore[misc]
        comparer.close()
    if not is_installed():
        print("scoring: reasoning-gym is not installed (make procedural)")
        return
    records = problems()
    for engine, where in WHERE.items():
        scorer = Scorer(engine)
        measure(f"score, {where}", partial(score, scorer, records), count, lambda s=scorer: s.pid)  # type: ignore[misc]
        scorer.close()
    shared_source().close()


if __name__ == "__main__":
    main()
