"""A small transformer from scratch that adds with a scratchpad, for benchmarks/loop_star.py. Needs torch alone.

It reads and writes every number with its units first, so that a carry is known when it is needed; `written` turns what
it wrote into the scratchpad as people write it, which the product examines.

Beside each mark it is told where it stands: which number of its line, which place of the sum (units, tens, ...) and
which line. Digits of one place have one address wherever they stand (position coupling, Cho et al. 2024, arXiv
2405.20671), so that copying them down, which is nine tenths of a scratchpad, is learnt from few worked solutions and
what is left to learn is the adding.
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from trajectories.core.problems.arithmetic import CLOSE, OPEN, Sum, steps_of

MARKS = "0123456789+,C\n=?."
"""`=` begins a solution and, in it, the answer; `?` begins the hint; `.` ends all."""
PAD = len(MARKS)
PLACE = {mark: place for place, mark in enumerate(MARKS)}
LONGEST = 110
"""Marks of a question with its hint and of a solution: 106 at the most."""

FIRST, SECOND, SUM, CARRY, ENDED = range(5)
OPENED = {"\n": FIRST, "=": FIRST, "+": SECOND, ",": SUM, "?": SUM, "C": CARRY, ".": ENDED}
"""Which number a mark that is no digit opens."""

MOST_PLACES = MOST_LINES = 10
RATE = 4e-3
Address = tuple[int, int, int]


def asked(numbers: Sum, *, hinted: bool) -> str:
    """What the model is given, with the answer as a hint where it is `hinted`."""
    hint = f"?{numbers.total}" if hinted else ""
    return _turned(f"{numbers.first}+{numbers.second}{hint}=")


def worked(numbers: Sum) -> str:
    """The canonical solution as the model writes it."""
    lines = "\n".join(line.replace(" ", "").replace(":", "") for line in steps_of(numbers))
    return _turned(f"{lines}={numbers.total}.")


def written(said: str) -> str:
    """What the model wrote as people write it: a scratchpad and the answer below."""
    lines, _, answer = _turned(said.removesuffix(".")).partition("=")
    spaced = [" ".join(line).replace("C ", "C: ") for line in lines.split("\n")]
    return "\n".join((OPEN, *spaced, CLOSE, answer))


def _turned(text: str) -> str:
    """Every number with its units first, or last again."""
    return re.sub(r"\d+", lambda match: match[0][::-1], text)


class Reader:
    """Says of one mark after another where it stands."""

    def __init__(self) -> None:
        self._number, self._place, self._line = FIRST, 0, -1
        self._before, self._is_summed = "", False

    def address(self, mark: str) -> Address:
        """(number, place, line): a digit of the units has the place 1, also where digits before it were left out as
        they were added already; a mark that opens a number has the place before that of its first digit."""
        if mark.isdigit():
            self._place += 1
        else:
            self._open(mark)
        self._before = mark
        return self._number, min(self._place, MOST_PLACES - 1), min(self._line + 1, MOST_LINES - 1)

    def _open(self, mark: str) -> None:
        self._line += mark in "\n="
        # A line that begins with a comma has nothing left to add: what follows it are the sum and the answer.
        self._is_summed |= mark == "," and self._before == "\n"
        self._number = SUM if self._is_summed and mark in "\n=" else OPENED[mark]
        self._place = 0 if self._number == SUM else max(0, self._line)


def addresses(text: str) -> list[Address]:
    """Where every mark stands."""
    reader = Reader()
    return [reader.address(mark) for mark in text]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is learnt from: the loss is taken on `said` alone."""

    asked: str
    said: str


class Adder(nn.Module):  # type: ignore[misc]
    """A decoder that knows of positions what addresses tell."""

    def __init__(self, width: int = 64, layers: int = 2, heads: int = 4, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads = heads
        self.marks = nn.Embedding(PAD + 1, width)
        self.addresses = nn.ModuleList(nn.Embedding(count, width) for count in (ENDED + 1, MOST_PLACES, MOST_LINES))
        for table in (self.marks, *self.addresses):
            nn.init.normal_(table.weight, std=width**-0.5)
        self.layers = nn.ModuleList(Layer(width, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens: torch.Tensor, where: torch.Tensor, kept: "Kept | None" = None) -> torch.Tensor:
        """Logits of what follows each token (rows, places, marks), of tokens (rows, places) and their addresses (rows,
        places, 3); with `kept` only the new tokens are given."""
        states = self.marks(tokens)
        for part, table in enumerate(self.addresses):
            states = states + table(where[..., part])
        for number, layer in enumerate(self.layers):
            query, key, value = layer.heads_of(states, self.heads)
            if kept:
                key, value = kept.add(number, key, value)
            mixed = functional.scaled_dot_product_attention(
                query, key, value, is_causal=kept is None or tokens.shape[1] > 1
            )
            states = layer.after(states, mixed)
        if kept:
            kept.length += tokens.shape[1]
        return functional.linear(self.norm(states), self.marks.weight)


class Layer(nn.Module):  # type: ignore[misc]
    """Attention and a perceptron, each behind a norm; what they add is dropped out at random while training."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.drop = nn.Dropout(dropout)
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.all, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def heads_of(self, states: torch.Tensor, heads: int) -> tuple[torch.Tensor, ...]:
        """Queries, keys and values: (rows, heads, places, size)."""
        rows, places, width = states.shape
        return tuple(
            each.view(rows, places, heads, width // heads).transpose(1, 2)
            for each in self.all(self.before(states)).chunk(3, dim=-1)
        )

    def after(self, states: torch.Tensor, mixed: torch.Tensor) -> torch.Tensor:
        """The states with what attention mixed, and the perceptron's part."""
        states = states + self.drop(self.out(mixed.transpose(1, 2).reshape(states.shape)))
        return states + self.drop(self.wide(self.between(states)))


class Kept:
    """Keys and values of what stands there already, so that nothing is computed twice."""

    def __init__(self, layers: int) -> None:
        self.length = 0
        self._keys: list[torch.Tensor | None] = [None] * layers
        self._values: list[torch.Tensor | None] = [None] * layers

    def add(self, layer: int, key: torch.Tensor, value: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """All keys and values of a layer, with these."""
        known, seen = self._keys[layer], self._values[layer]
        key = key if known is None else torch.cat((known, key), dim=2)
        value = value if seen is None else torch.cat((seen, value), dim=2)
        self._keys[layer], self._values[layer] = key, value
        return key, value


def sample(model: Adder, prompts: Sequence[str], *, batch: int = 500) -> list[str]:
    """The likeliest continuation of each prompt, to its end; "" where none came within LONGEST."""
    model.eval()
    said: dict[int, str] = {}
    by_length = sorted(range(len(prompts)), key=lambda place: len(prompts[place]))
    with torch.no_grad():
        for _, group in groupby(by_length, key=lambda place: len(prompts[place])):
            for places in _parts(list(group), batch):
                said |= zip(places, _continue(model, [prompts[place] for place in places]), strict=True)
    return [said[place] for place in range(len(prompts))]


def _parts(things: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (things[at : at + size] for at in range(0, len(things), size))


def _continue(model: Adder, prompts: Sequence[str]) -> list[str]:
    """Prompts of one length, all together to the end of the last."""
    readers = [Reader() for _ in prompts]
    said = list(prompts)
    new, kept = list(prompts), Kept(len(model.layers))
    ended: set[int] = set()
    while len(ended) < len(prompts) and len(said[0]) < LONGEST:
        tokens = torch.tensor([[PLACE[mark] for mark in marks] for marks in new])
        where = torch.tensor(
            [[reader.address(mark) for mark in marks] for reader, marks in zip(readers, new, strict=True)]
        )
        new = [MARKS[place] for place in model(tokens, where, kept)[:, -1, :PAD].argmax(-1).tolist()]
        said = [text + mark for text, mark in zip(said, new, strict=True)]
        ended |= {row for row, mark in enumerate(new) if mark == "."}
    made = [text[len(prompt) :] for text, prompt in zip(said, prompts, strict=True)]
    return [text[: text.index(".") + 1] if "." in text else "" for text in made]


def train(
    model: Adder,
    lessons: Sequence[Lesson],
    *,
    steps: int,
    seed: int,
    batch: int = 32,
    look: Callable[[int, float], None] = lambda *_: None,
) -> float:
    """Train for so many steps by AdamW, warmed up for 20 and cooled down along a cosine; the mean loss of the last 20.
    Rows are gone through in an order that the seed draws; a batch is computed in parts of like length. `look` is told
    each step and the loss of its batch."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.1)
    order = torch.Generator().manual_seed(seed % 2**63)
    rows = _rows(lessons, order, batch)
    losses = []
    for step in range(steps):
        model.train()
        share = min(1.0, (step + 1) / 20) * (0.1 + 0.45 * (1 + math.cos(math.pi * step / steps)))
        for group in optimiser.param_groups:
            group["lr"] = RATE * share
        optimiser.zero_grad()
        losses.append(_learn(model, sorted(next(rows), key=lambda lesson: len(lesson.said))))
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        look(step + 1, losses[-1])
    return sum(losses[-20:]) / max(1, len(losses[-20:]))


def _rows(lessons: Sequence[Lesson], order: torch.Generator, batch: int) -> Iterator[list[Lesson]]:
    """Batches without end, every row once before any twice."""
    waiting: list[int] = []
    while True:
        while len(waiting) < batch:
            waiting += torch.randperm(len(lessons), generator=order).tolist()
        yield [lessons[place] for place in waiting[:batch]]
        del waiting[:batch]


def _learn(model: Adder, lessons: Sequence[Lesson], parts: int = 3) -> float:
    """Add the gradients of a batch; its mean loss by token."""
    count = sum(len(lesson.said) for lesson in lessons)
    total = 0.0
    for part in _parts(lessons, math.ceil(len(lessons) / parts)):
        longest = max(len(each.asked) + len(each.said) for each in part)
        tokens = torch.full((len(part), longest), PAD)
        wanted = torch.full((len(part), longest), -100)
        where = torch.zeros((len(part), longest, 3), dtype=torch.long)
        for row, each in enumerate(part):
            text = torch.tensor([PLACE[mark] for mark in each.asked + each.said])
            tokens[row, : len(text)] = text
            where[row, : len(text)] = torch.tensor(addresses(each.asked + each.said))
            wanted[row, len(each.asked) : len(text)] = text[len(each.asked) :]
        logits = model(tokens[:, :-1], where[:, :-1])
        loss = functional.cross_entropy(logits.transpose(1, 2), wanted[:, 1:], ignore_index=-100, reduction="sum")
        (loss / count).backward()
        total += float(loss.detach())
    return total / count
