"""Record what the search of a task knows of itself at each share of its work, and which answers it votes for by then.

    PYTHONPATH=. OPENBLAS_NUM_THREADS=1 python benchmarks/search_progress.py records.json --tasks 130 --seed 1

ARC-AGI-1 training tasks, grid and object view, one pass each: all frames of a task go on in turn from checkpoint to
checkpoint, none ended early. `search_stopping.py` compares rules for stopping by the records. Tasks that the file has
already are not searched again.
"""

import argparse
import json
import random
import time
from pathlib import Path
from typing import Any

from benchmarks.symbolic_arc import Item, load
from trajectories.core.problems.arc import ArcTask
from trajectories.core.problems.grids import Grid
from trajectories.core.samplers.symbolic import explore
from trajectories.core.samplers.symbolic.candidates import Candidate, SearchBudget
from trajectories.core.samplers.symbolic.catalogue import build_catalogue
from trajectories.core.samplers.symbolic.engine import Search
from trajectories.core.samplers.symbolic.frames import Frame, choose_frames
from trajectories.core.samplers.symbolic.memory import SearchMemory
from trajectories.core.samplers.symbolic.operation import to_rows
from trajectories.core.samplers.symbolic.pauses import without_garbage_runs
from trajectories.core.samplers.symbolic.population import GRID_CELLS
from trajectories.core.samplers.symbolic.program import GridProgram, Layer
from trajectories.core.samplers.symbolic.values import Rows

CHECKPOINTS = (1 / 80, 1 / 40, 1 / 32, 0.05, 1 / 16, 0.1, 1 / 8, 0.2, 1 / 4, 3 / 8, 1 / 2, 3 / 4, 1.0)
"""Among them the shares after which a search of 1, 1/2 or 1/4 of the work looks whether a task is easy."""

FRAME_SHARES = {1: (1.0,), 2: (0.6, 0.4), 3: (0.45, 0.35, 0.2)}
"""As the search shares its work out to frames."""


class FrameSearch:
    """The search of one frame that goes on from where it was. CPU seconds are those of the search alone; what reading
    its state takes is left out, but for the stacks, which the search looks for once when it ends."""

    def __init__(self, task: ArcTask, frame: Frame | None, inputs: list[Rows], allowed: int) -> None:
        started = time.process_time()
        self.task, self.frame, self.inputs, self.allowed = task, frame, inputs, allowed
        outputs = [to_rows(pair.output) for pair in task.train if pair.output is not None]
        starts = [explore.enter(frame, rows, rows) for rows in inputs]
        targets = [explore.enter(frame, rows, given) for rows, given in zip(outputs, inputs, strict=False)]
        ops, memory = build_catalogue(starts[: len(targets)], targets), SearchMemory()
        learned = explore.learned_ops(starts, targets, ops, memory)
        self.search = Search(starts, targets, [*ops, *learned], None, memory)
        self.budget = SearchBudget(allowed)
        self.setup = time.process_time() - started
        self.cpu, self.stack_cpu = 0.0, 0.0
        self.stack_wrong: int | None = None
        self._stacked: tuple[int, list[Candidate]] = 0, []
        self._fits: dict[str, Candidate] = {}

    def go_on(self, share: float) -> tuple[dict[str, Any], list[Candidate]]:
        """Search up to this share of the work: what is known then, and the programs that fit."""
        started = time.process_time()
        self.search.run(self.budget, stop_below=int(self.allowed * (1 - share)))
        self.cpu += time.process_time() - started
        search = self.search
        fits, stacks = self._chains(), self._stacks()
        of_root = [state.wrong for state, _ in search.layers if not state.depth and state.wrong]
        views = {GridProgram((Layer(fit.state.steps),)).view for fit in search.fits}
        known = {
            "share": share, "cpu": self.cpu, "stack_cpu": self.stack_cpu, "views": len(views),
            "fits": len(search.fits), "wrong": min((s.wrong for s, _ in search.layers if s.wrong), default=None),
            "wrong_input": of_root[0] if of_root else None, "stack_wrong": self.stack_wrong,
            "target": len(search.target), "layers": len(search.layers), "states": search.states,
            "evaluated": search.evaluated,
        }  # fmt: skip
        # A stack of one layer is a chain.
        return known, list({each.program.key: each for each in (*fits, *stacks)}.values())

    def near(self) -> None:
        """Make the candidates that do not fit, as the search does when it ends."""
        for finding in explore.near_programs(self.search, self.frame) if self.search.layers else ():
            explore.candidate_of(finding, self.task, self.inputs)

    def _chains(self) -> list[Candidate]:
        for fit in self.search.fits:
            program = GridProgram((Layer(fit.state.steps + explore.exchange(fit.table)),), self.frame)
            if program.key not in self._fits:
                finding = explore.Finding(program, [explore.recoloured(fit.state, fit.table)])
                self._fits[program.key] = explore.candidate_of(finding, self.task, self.inputs)
        return list(self._fits.values())

    def _stacks(self) -> list[Candidate]:
        """The stacks that fit; looked for again only where there are more layers to stack."""
        most = min(explore.MAX_STACKED, explore.STACKED_CELLS // len(self.search.target))
        if (count := min(len(self.search.layers), most)) != self._stacked[0]:
            started = time.process_time()
            layers, stacks = explore.best_stacks(self.search, explore.STARTS)
            self.stack_cpu = time.process_time() - started
            self.stack_wrong = min((stack.wrong for stack in stacks), default=None)
            made = [
                GridProgram(tuple(explore.make_layer(layers[c.index][0], c) for c in stack.choices), self.frame)
                for stack in stacks if not stack.wrong
            ]  # fmt: skip
            self._stacked = count, [explore.make_candidate(program, self.task) for program in made]
        return self._stacked[1]


def record(item: Item) -> dict[str, Any]:
    """One pass over the search of a task. Grids are numbered; those of the answers are `right`."""
    _, task, answers = item
    numbers: dict[Grid | None, int] = {}
    right = [numbers.setdefault(answer, len(numbers)) for answer in answers]
    inputs = [to_rows(pair.input) for pair in (*task.train, *task.test)]
    frames = choose_frames(inputs, [to_rows(pair.output) for pair in task.train if pair.output is not None])
    shares = FRAME_SHARES[len(frames)]
    searches = [
        FrameSearch(task, frame, inputs, int(GRID_CELLS * of)) for frame, of in zip(frames, shares, strict=True)
    ]
    rows: list[list[dict[str, Any]]] = [[] for _ in searches]
    for share in CHECKPOINTS:
        for search, row in zip(searches, rows, strict=True):
            known, candidates = search.go_on(share)
            known["programs"] = [
                [round(c.program.cost, 4), [numbers.setdefault(grid, len(numbers)) for grid in c.test_outputs]]
                for c in candidates
                if c.fits
            ]
            row.append(known)
    started = time.process_time()
    for search in searches:
        search.near()
    ended = time.process_time() - started
    for search in searches:
        search.search.memory.forget()
    setup = sum(search.setup for search in searches)
    return {"right": right, "pairs": len(task.train), "setup": setup, "ending": ended, "frames": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="where the records are kept")
    parser.add_argument("--tasks", type=int, default=130)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    kept = json.loads(options.file.read_text(encoding="utf-8")) if options.file.is_file() else {}
    items = load("training", None, 0)
    random.Random(options.seed).shuffle(items)
    for number, item in enumerate(items[: options.tasks], 1):
        if item[0] not in kept:
            with without_garbage_runs():
                kept[item[0]] = record(item)
            print(number, item[0], flush=True)
            options.file.write_text(json.dumps(kept), encoding="utf-8")


if __name__ == "__main__":
    main()
