"""How much scoring and comparing answers costs, inside bubblewrap (a fork for each) and in a plain warm child.

.venv/bin/python benchmarks/scoring.py --answers 200
"""

import argparse
import resource
import time
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path

from trajectories.adapters.expressions import ExpressionComparer
from trajectories.adapters.procedural import Scorer, is_installed, shared_source
from trajectories.core.problems.procedural import Draw, to_problem
from trajectories.core.records import ProblemRecord

FAMILIES = ("chain_sum", "basic_arithmetic", "caesar_cipher", "word_ladder", "mini_sudoku", "letter_counting")
EACH = 10


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


def cpu_seconds() -> float:
    """CPU time of this process and of all its children that have ended."""
    usages = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def measure(title: str, work: Callable[[int], object], count: int, close: Callable[[], None]) -> None:
    """Time the first request, which starts the process, and then `count` of them; CPU time is known once it has ended."""
    before, started = cpu_seconds(), time.perf_counter()
    work(0)
    first = time.perf_counter() - started
    started = time.perf_counter()
    for number in range(count):
        work(number)
    seconds = time.perf_counter() - started
    close()
    print(
        f"{title:34} first {first:5.2f} s, then {1000 * seconds / count:6.1f} ms each; "
        f"CPU in all {cpu_seconds() - before:6.2f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=200)
    count = parser.parse_args().answers
    print(f"load {Path('/proc/loadavg').read_text().split()[0]}, {count} answers")
    pairs = expressions(count)
    for engine in ("monty", "bubblewrap"):
        comparer = ExpressionComparer(engine)
        where = "plain child" if engine == "monty" else "bubblewrap, a fork each"
        measure(f"compare, {where}", lambda n, c=comparer: c.compare(*pairs[n]), count, comparer.close)  # type: ignore[misc]
    if not is_installed():
        print("scoring: reasoning-gym is not installed (make procedural)")
        return
    records = problems()
    for engine in ("monty", "bubblewrap"):
        scorer = Scorer(engine)
        where = "plain child" if engine == "monty" else "bubblewrap, a fork each"

        def score(number: int, scorer: Scorer = scorer) -> float:
            record = records[number % len(records)]
            return scorer.score(record, str(record.reference))

        measure(f"score, {where}", score, count, scorer.close)
    shared_source().close()


if __name__ == "__main__":
    main()
