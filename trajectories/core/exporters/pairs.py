"""Pairs of a better and a worse answer to one problem, both asked the same way."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from trajectories.core.exporters.base import ExportItem, OneRowEach, Pairing, Reads, Row, Ways
from trajectories.core.exporters.conversations import (
    asks_nothing,
    completion_messages,
    own_turns,
    prompt_messages,
    tools_column,
)
from trajectories.core.exporters.thoughts import Thoughts
from trajectories.core.identity import content_hash, text_hash
from trajectories.core.problems.kinds import is_episode
from trajectories.core.records import JSON

SENT, REWRITTEN = "as sent", "canonical"
"""What `meta` says of the prompt of a pair."""

EDIT, COMPARISON, VERDICT, SHORTER = "edit", "comparison", "verdict", "shorter"
"""What `meta` says of why the chosen one is better: a person made it of the rejected one, people preferred it, it is
right and the other one wrong, or of two episodes that reached their goal it took fewer actions."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A better answer before a worse one, and why it is better (`source`); `is_rewritten` says that both stand under
    the problem's canonical prompt."""

    chosen: ExportItem
    rejected: ExportItem
    is_rewritten: bool = False
    source: str = VERDICT


@dataclass(frozen=True, slots=True)
class _Side:
    item: ExportItem
    asked: str
    said: str
    length: int


class PairingExporter(OneRowEach):
    """What formats share whose rows are pairs: of human edits and their originals, and of right and wrong traces."""

    by_problem = True
    makes_pairs = True
    reads = Reads.ASSESSMENTS
    needs = (
        "for a problem both right and wrong traces that were asked alike (a rule that takes traces without reviews, "
        "whatever verifiers say), or human edits of traces that were worse"
    )

    def takes(self, item: ExportItem) -> bool:
        """Traces that are known to be right or wrong, human edits, and what people compared."""
        return item.label is not None or item.original is not None or bool(item.compared)

    def pair_row(self, pair: Pair, thoughts: Thoughts) -> Mapping[str, JSON] | None:
        """The row of a pair; None where the format cannot say it."""
        raise NotImplementedError

    def rows(self, items: Sequence[ExportItem], ways: Ways) -> Iterator[Row]:
        """The rows of all pairs of a problem's items."""
        for pair in choose_pairs(items, ways.pairing):
            values = self.pair_row(pair, ways.thoughts)
            if values is not None:
                yield Row(values, _meta(pair), pair.chosen.split)


def choose_pairs(items: Sequence[ExportItem], pairing: Pairing) -> Iterator[Pair]:
    """The pairs of one problem, always the same ones: first each human edit with its original, then traces with those
    that people preferred them to, then right with wrong ones, so that no trace is in a second pair of these before each
    one that can be is in a first; of episodes of worlds last those that reached their goal in fewer actions with longer
    ones.

    Two traces that say the same make no pair, nor two that were asked differently, unless both can be rewritten to the
    canonical prompt. No pair is made twice.
    """
    sides = [_side(item) for item in items]
    seen, made = set[tuple[str, str, str]](), 0
    edits = [(side, _side(side.item.original), EDIT) for side in sides if side.item.original is not None]
    crossed = ((right, wrong, VERDICT) for right, wrong in _crossed(sides, pairing))
    for chosen, rejected, source in chain(edits, _preferred(sides), crossed, _shorter(sides)):
        if made >= pairing.most:
            return
        alike = chosen.asked == rejected.asked
        rewritten = not alike and pairing.rewrite and bool(chosen.item.canonical)
        key = ("" if rewritten else chosen.asked, chosen.said, rejected.said)
        if (
            not (alike or rewritten)
            or chosen.said == rejected.said
            or key in seen
            or not _fit(chosen, rejected, pairing)
        ):
            continue
        seen.add(key)
        made += 1
        pair = _rewritten(chosen, rejected) if rewritten else Pair(chosen.item, rejected.item)
        yield replace(pair, source=source)


def _preferred(sides: Sequence[_Side]) -> Iterator[tuple[_Side, _Side, str]]:
    """Every trace with each one that people preferred it to, unless what is known says the opposite: the chosen one is
    not wrong, nor of unknown worth beside a right one."""
    by_hash = {side.item.trace_hash: side for side in sides}
    for side in sides:
        for other, (won, lost) in sorted(side.item.compared.items()):
            rejected = by_hash.get(other)
            if won <= lost or rejected is None or side.item.label is False:
                continue
            if side.item.label is None and rejected.item.label is True:
                continue
            yield side, rejected, COMPARISON


def _shorter(sides: Sequence[_Side]) -> Iterator[tuple[_Side, _Side, str]]:
    """Of right episodes with the same start every shorter one with every longer one, the largest difference first."""
    right = [side for side in sides if side.item.label is True and is_episode(side.item.problem_kind)]
    acted = sorted(((_actions(side), place) for place, side in enumerate(right)))
    found = [(long - short, a, b) for short, a in acted for long, b in acted if short < long]
    for _, a, b in sorted(found, key=lambda each: (-each[0], each[1], each[2])):
        yield right[a], right[b], SHORTER


def _actions(side: _Side) -> int:
    """The actions of an episode that its world answered."""
    return sum(message.get("role") == "tool" for message in side.item.prompt)


def _crossed(sides: Sequence[_Side], pairing: Pairing) -> Iterator[tuple[_Side, _Side]]:
    """Every right trace with every wrong one that was asked alike, each of both in turn."""
    groups: dict[str, list[_Side]] = {}
    for side in sides:
        groups.setdefault("" if pairing.rewrite and side.item.canonical else side.asked, []).append(side)
    for group in groups.values():
        right = [side for side in group if side.item.label is True]
        wrong = [side for side in group if side.item.label is False]
        more, fewer = (right, wrong) if len(right) >= len(wrong) else (wrong, right)
        for shift in range(len(fewer)):
            for place, side in enumerate(more):
                other = fewer[(place + shift) % len(fewer)]
                yield (side, other) if more is right else (other, side)


def _side(item: ExportItem) -> _Side:
    said = completion_messages(item, Thoughts.REASONING_CONTENT)
    asked = content_hash([prompt_messages(item, Thoughts.REASONING_CONTENT), tools_column(item, Thoughts.NONE)])
    return _Side(item, asked, text_hash(str(said)), sum(_length(message) for message in said))


def _length(message: Mapping[str, JSON]) -> int:
    return len(str(message.get("content") or "")) + len(str(message.get("reasoning_content") or ""))


def _fit(chosen: _Side, rejected: _Side, pairing: Pairing) -> bool:
    short, long = sorted((chosen.length, rejected.length))
    return pairing.longest is None or long <= pairing.longest * max(short, 1)


def _rewritten(chosen: _Side, rejected: _Side) -> Pair:
    """Both under the canonical prompt, followed by what each did itself."""
    canonical = chosen.item.canonical
    both = [
        replace(side.item, prompt=(*canonical, *own_turns(side.item)), prompt_key="") for side in (chosen, rejected)
    ]
    return Pair(both[0], both[1], is_rewritten=True)


def _meta(pair: Pair) -> dict[str, JSON]:
    """Where a pair comes from: the chosen trace's own `meta`, and of the rejected one what tells it."""
    rejected = pair.rejected.meta
    return {
        **pair.chosen.meta,
        "rejected_trace_id": rejected.get("trace_id"),
        "rejected_verdicts": rejected.get("verdicts", []),
        "rejected_sampler": rejected.get("sampler"),
        "prompt": REWRITTEN if pair.is_rewritten or asks_nothing(pair.chosen.prompt) else SENT,
        "source": pair.source,
    }
