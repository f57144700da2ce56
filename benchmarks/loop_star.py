"""STaR on arithmetic (Zelikman et al. 2022, arXiv 2203.14465): a small transformer from scratch learns to add numbers
of 1 to 5 digits with a scratchpad, from a few worked solutions and from what it solves by itself.

The arms of one seed share the base model, which has learnt from the worked solutions alone (seeds, as many of every
length, half of them asked with the answer as a hint as well): *base*; *control*, which learns from the seeds again for
as many steps as the others; *star*, which samples one solution of each new problem, keeps those whose answer is right,
and learns from them and the seeds; *rationalised*, which also asks what it got wrong again with the answer as a hint,
and keeps what is right then without the hint; *curriculum*, which is *star* but for the lengths of its new problems: of
those alone that a campaign's curriculum has open (the next one once half of the held-out sums before it come out
right). What it cannot draw while sums of one digit are alone it draws as soon as there are others, so that both arms
have sampled the same number in the end. Every generation begins from the base model, with steps that grow by a fifth.

Problems and the check of every step are the product's (core.problems.arithmetic), held-out problems those of its
held-out part. Figures are stored after each generation in --folder, so that it can be run in pieces. Needs torch.
"""

import argparse
import copy
import json
import os
import platform
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.small_transformer import Adder, Lesson, asked, sample, train, worked, written
from trajectories.core.campaigns.curricula import open_families
from trajectories.core.campaigns.plans import OPENS_AT
from trajectories.core.identity import derive_seed
from trajectories.core.problems.arithmetic import (
    DIGITS,
    HELD_OUT,
    LEARNT,
    PREREQUISITES,
    Sum,
    draw,
    examine,
    family_of,
    part_of,
)

BASE, CONTROL, STAR, RATIONALISED, CURRICULUM = "base", "control", "star", "rationalised", "curriculum"
ARMS = (CONTROL, STAR, RATIONALISED, CURRICULUM)
LOOK_STEPS = 100
"""So often the base is measured while it is trained."""

SUMS_OF_A_DIGIT = sum(part_of(Sum(first, second)) == LEARNT for first in range(10) for second in range(10))
"""All that a curriculum can draw before sums of two digits are open."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--folder", type=Path, required=True, help="what was measured, and the models")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=ARMS)
    parser.add_argument("--generations", type=int, default=8)
    parser.add_argument("--worked", type=int, default=300, help="worked solutions that all arms begin with")
    parser.add_argument("--problems", type=int, default=2_000, help="training problems of a generation")
    parser.add_argument("--held-out", type=int, default=1_000, help="problems measured on, of all lengths alike")
    parser.add_argument("--base-steps", type=int, default=450)
    parser.add_argument("--steps", type=int, default=80, help="of the first generation")
    parser.add_argument("--growth", type=float, default=1.2)
    parser.add_argument("--most-digits", type=int, default=DIGITS.stop - 1)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=1)


def measure(options: argparse.Namespace) -> None:
    torch.set_num_threads(options.threads)
    options.folder.mkdir(parents=True, exist_ok=True)
    report: dict[str, Any] = {
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}, torch {torch.__version__}"
    }
    for seed in options.seeds:
        arms = Experiment(options, seed).run()
        report[f"seed {seed}"] = {arm: figures[-1] for arm, figures in arms.items()}
        report[f"samples of seed {seed}, by generation"] = {arm: samples_drawn(arms[arm]) for arm in options.arms}
    report["mean accuracy"] = {arm: _mean(report, options.seeds, arm) for arm in (BASE, *options.arms)}
    report["samples in all"] = {arm: _samples(report, options.seeds, arm) for arm in options.arms}
    print(json.dumps(report, indent=2))


def _mean(report: dict[str, Any], seeds: Sequence[int], arm: str) -> float:
    total: float = sum(report[f"seed {seed}"][arm]["mean"] for seed in seeds)
    return round(total / len(seeds), 1)


def _samples(report: dict[str, Any], seeds: Sequence[int], arm: str) -> int:
    return sum(sum(report[f"samples of seed {seed}, by generation"][arm]) for seed in seeds)


def samples_drawn(generations: Sequence[dict[str, Any]]) -> list[int]:
    """How many samples an arm drew in each generation, those asked again with a hint among them."""
    return [each.get("sampled", 0) + each.get("sampled with a hint", 0) for each in generations]


class Experiment:
    """All arms of one seed. Figures of an arm are a list, by generation; those of the base have one entry."""

    def __init__(self, options: argparse.Namespace, seed: int) -> None:
        self.options, self.seed = options, seed
        self.file = options.folder / f"star-{seed}.json"
        self.figures: dict[str, list[dict[str, Any]]] = json.loads(self.file.read_text()) if self.file.exists() else {}
        self.lengths = range(DIGITS.start, options.most_digits + 1)
        self.worked = list(draw(self.lengths, options.worked, seed=derive_seed(seed, "worked"), part=LEARNT))
        self.held_out = list(draw(self.lengths, options.held_out, seed=derive_seed(seed, "held out"), part=HELD_OUT))
        self.seeds = [Lesson(asked(each, hinted=False), worked(each)) for each in self.worked]
        self.seeds += [Lesson(asked(each, hinted=True), worked(each)) for each in self.worked[::2]]

    def run(self) -> dict[str, list[dict[str, Any]]]:
        base = self.base()
        for number in range(1, self.options.generations + 1):
            for arm in self.options.arms:
                if len(self.figures.setdefault(arm, [])) < number:
                    self.generation(base, arm, number)
        return self.figures

    def base(self) -> Adder:
        """The model that all begin from, trained once."""
        torch.manual_seed(derive_seed(self.seed, "weights") % 2**63)
        model, kept = Adder(self.options.width), self.options.folder / f"star-{self.seed}-base.pt"
        if kept.exists():
            model.load_state_dict(torch.load(kept))
            return model
        begun = time.process_time()
        curve: list[dict[str, Any]] = []

        def look(step: int, loss: float) -> None:
            if step % LOOK_STEPS == 0:
                curve.append({"step": step, "loss": round(loss, 4), "mean": self.measured(model)["mean"]})
                print(self.seed, BASE, json.dumps(curve[-1]), flush=True)

        loss = self.learn(model, self.seeds, self.options.base_steps, BASE, look=look)
        self.store(BASE, model, {"loss": round(loss, 4), "steps": self.options.base_steps, "curve": curve}, begun)
        return model

    def generation(self, base: Adder, arm: str, number: int) -> None:
        """Sample with the newest model of an arm, and train the base model on what was kept."""
        begun = time.process_time()
        lessons = list(self.seeds)
        kept: dict[str, Any] = {}
        if arm != CONTROL:
            model = copy.deepcopy(base)
            if number > 1:
                model.load_state_dict(torch.load(self.options.folder / f"star-{self.seed}-{arm}.pt"))
            lengths = self.opened(number) if arm == CURRICULUM else list(self.lengths)
            size = self.options.problems * number - sum(each["sampled"] for each in self.figures[arm][: number - 1])
            problems = list(self.new_problems(number, lengths, size))
            accepted, kept = self.collect(model, problems, lengths, hints=arm == RATIONALISED)
            lessons += accepted
        steps = round(self.options.steps * self.options.growth ** (number - 1))
        model = copy.deepcopy(base)
        loss = self.learn(model, lessons, steps, arm, number)
        self.store(arm, model, {"loss": round(loss, 4), "steps": steps, "lessons": len(lessons), **kept}, begun)

    def learn(self, model: Adder, lessons: Sequence[Lesson], steps: int, *of: str | int, **more: Any) -> float:
        """Train a model; its loss in the end."""
        seed = derive_seed(self.seed, *of)
        return train(model, lessons, steps=steps, seed=seed, batch=self.options.batch, **more)

    def opened(self, number: int) -> list[int]:
        """The lengths that a curriculum has open for a generation, by how its models so far were measured."""
        measured = [*self.figures[BASE], *self.figures[CURRICULUM][: number - 1]]
        families = {family_of(digits): digits for digits in self.lengths}
        found: list[str] = []
        for each in measured:
            shares = {family: each["by digits"][str(digits)] / 100 for family, digits in families.items()}
            found = open_families(families, PREREQUISITES, shares, OPENS_AT, found)
        return sorted(families[family] for family in found)

    def new_problems(self, number: int, lengths: Sequence[int], size: int) -> Iterator[Sum]:
        """So many sums of these lengths for a generation, or all that there are."""
        size = min(size, SUMS_OF_A_DIGIT) if lengths == [1] else size
        return draw(lengths, size, seed=derive_seed(self.seed, "problems", number), part=LEARNT)

    def collect(
        self, model: Adder, problems: Sequence[Sum], lengths: Sequence[int], *, hints: bool
    ) -> tuple[list[Lesson], dict[str, Any]]:
        """What is right of one sample of each new problem, and of those asked again with a hint; stored without it.
        `wrong steps` are counted among what was accepted: right answers by wrong ways."""
        first = self.accept(model, problems, hinted=False)
        told: dict[str, Any] = {
            "open": list(lengths), "sampled": len(problems), "accepted": len(first), "wrong steps": _astray(first)
        }  # fmt: skip
        solved = {numbers for numbers, _ in first}
        second: list[tuple[Sum, str]] = []
        if hints:
            wrong = [each for each in problems if each not in solved]
            second = self.accept(model, wrong, hinted=True)
            told |= {"sampled with a hint": len(wrong), "accepted by a hint": len(second)}
            told["wrong steps by a hint"] = _astray(second)
        return [Lesson(asked(numbers, hinted=False), said) for numbers, said in first + second], told

    def accept(self, model: Adder, problems: Sequence[Sum], *, hinted: bool) -> list[tuple[Sum, str]]:
        """The problems whose sample ends in the right answer, with the sample."""
        said = sample(model, [asked(numbers, hinted=hinted) for numbers in problems])
        return [(numbers, text) for numbers, text in zip(problems, said, strict=True) if _is_right(numbers, text)]

    def store(self, arm: str, model: Adder, told: dict[str, Any], begun: float) -> None:
        """Measure a model on the held-out problems, and keep both."""
        figures = {**self.measured(model), **told, "cpu seconds": round(time.process_time() - begun, 1)}
        torch.save(model.state_dict(), self.options.folder / f"star-{self.seed}-{arm}.pt")
        self.figures.setdefault(arm, []).append(figures)
        self.file.write_text(json.dumps(self.figures, indent=1) + "\n", encoding="utf-8")
        print(self.seed, arm, len(self.figures[arm]), json.dumps(figures), flush=True)

    def measured(self, model: Adder) -> dict[str, Any]:
        """What it makes of the held-out problems, in percent."""
        said = sample(model, [asked(numbers, hinted=False) for numbers in self.held_out])
        pairs = list(zip(self.held_out, said, strict=True))
        by_digits = {
            digits: 100 * sum(_is_right(*pair) for pair in mine) / len(mine)
            for digits in self.lengths
            if (mine := [pair for pair in pairs if pair[0].digits == digits])
        }
        astray = _astray([pair for pair in pairs if _is_right(*pair)])
        return {
            "mean": round(sum(by_digits.values()) / len(by_digits), 1),
            "by digits": {str(digits): round(share, 1) for digits, share in by_digits.items()},
            "right by wrong steps": astray,
        }


def _is_right(numbers: Sum, said: str) -> bool:
    return written(said).rpartition("\n")[2] == str(numbers.total)


def _astray(pairs: Sequence[tuple[Sum, str]]) -> int:
    """How many have a wrong step, as the product sees it."""
    found = (examine(numbers, written(said)) for numbers, said in pairs)
    return sum(1 for each in found if each is not None and each.first_wrong is not None)
