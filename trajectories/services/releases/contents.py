"""Reading what a release takes: its items one after the other, in bounded memory, and its manifest."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from trajectories.adapters.copying import NULL, copied_line
from trajectories.adapters.rows_ahead import RowsAhead
from trajectories.adapters.spools import Spool
from trajectories.core.curation.reviews import Decision
from trajectories.core.identity import ListHash, text_hash
from trajectories.core.releases.item_evidence import ItemEvidence, NamedDecision, OriginalEvidence
from trajectories.core.releases.items import item_hash
from trajectories.core.releases.rules import Rule
from trajectories.models import Instruction, Problem, ReleaseItem, Run, Sampler
from trajectories.selectors.release_contents import MARK, Assessed, ToFreeze, Values, read_batch

MANIFEST_VERSION = 2
ITEM_COLUMNS = ("position", "trace_id", "split", "score", "evidence", "content_hash")
"""Of an item, in the order in which a spool has them, each line as COPY reads it."""

_REVIEWER = re.compile(f"{MARK}([0-9]+){MARK}")


@dataclass
class Contents:
    """What gathers while a release is read: its items, in the spool, and the counts of its manifest.

    `validation` is the share of the training problems, in percent, that are set aside; None for none. `drawn_as` has of
    problems that are the same as others which one they are drawn by, by content hash.
    """

    spool: Spool
    validation: float | None = None
    drawn_as: Mapping[str, str] = field(default_factory=dict)
    count: int = 0
    adjudicated: int = 0
    items_hash: ListHash = field(default_factory=ListHash)
    problems: set[int] = field(default_factory=set)
    splits: Counter[str] = field(default_factory=Counter)
    samplers: Counter[int] = field(default_factory=Counter)
    instructions: Counter[int] = field(default_factory=Counter)
    runs: Counter[int] = field(default_factory=Counter)
    verifiers: Counter[tuple[str, int]] = field(default_factory=Counter)
    reviews: Counter[str] = field(default_factory=Counter)
    pseudonyms: dict[int, str] = field(default_factory=dict)
    edits: int = 0

    def add_all(self, batches: Iterator[list[int]]) -> None:
        """Freeze traces in the order given, batch after batch; the next one is read while one is worked on."""
        with RowsAhead() as ahead:
            reading = None
            while True:
                known = reading() if reading is not None else None
                batch = next(batches, None)
                reading = read_batch(ahead, batch) if batch is not None else None
                if known is not None:
                    self.add(known)
                if reading is None:
                    return

    def add(self, known: ToFreeze) -> None:
        """Freeze the next traces, in the order given."""
        plain, others = known.plain, known.others
        frozen = [
            self._freeze_plain(plain[trace_id]) if trace_id in plain else self._freeze(trace_id, others)
            for trace_id in known.trace_ids
        ]
        self.spool.append_lines([line for line, _ in frozen])
        self.items_hash.extend([own_hash for _, own_hash in frozen])
        self._count(row[1:5] for row in plain.values())
        for versions, count in Counter(row[11] for row in plain.values()).items():
            pairs = iter(json.loads(f"[{versions or ''}]"))
            self.verifiers.update(dict.fromkeys(zip(pairs, pairs, strict=True), count))
        self._count(row[2:6] for row in others.traces.values())
        self.verifiers.update([verdict[2:4] for said in others.verdicts.values() for verdict in said])

    def _count(self, traces: Iterable[Values]) -> None:
        """Count what traces are of: (sampler, instruction, run, problem) each."""
        for (sampler, instruction, run, problem), count in Counter(traces).items():
            self.problems.add(problem)
            for counter, key in ((self.samplers, sampler), (self.instructions, instruction), (self.runs, run)):
                if key is not None:
                    counter[key] += count

    def _freeze_plain(self, row: Values) -> tuple[str, str]:
        """The item of a trace of which only reviews and verdicts are known, as `_freeze` would write it."""
        problem_hash, side, head, rest, score, evidence = row[5:11]
        split = self._split_of(problem_hash, side)
        if MARK in evidence:
            for reviewer in _REVIEWER.findall(evidence):
                name = self._pseudonym(int(reviewer))
                self.reviews[name] += 1
                mark = f"{MARK}{reviewer}{MARK}"
                head, evidence = head.replace(mark, name), evidence.replace(mark, name)
        own_hash = text_hash(f"{head}{split}{rest}")
        line = f"{self.count}\t{row[0]}\t{split}\t{NULL if score is None else score}\t{evidence}\t{own_hash}"
        self.count += 1
        self.splits[split] += 1
        return line, own_hash

    def _freeze(self, trace_id: int, known: Assessed) -> tuple[str, str]:
        """The item of a trace as a line that COPY reads, and its hash."""
        trace, compared = known.traces[trace_id], known.compared.get(trace_id, {})
        reviews, verdicts = known.reviews.get(trace_id, []), known.verdicts.get(trace_id, [])
        trace_hash, problem_hash, side = trace[1], trace[6], trace[7]
        split = self._split_of(problem_hash, side)
        authors = [self._pseudonym(review[2]) for review in reviews]
        scores = [review[4] for review in reviews if review[3] == Decision.ACCEPT and review[4] is not None]
        score = sum(scores) / len(scores) if scores else None
        evidence = ItemEvidence(
            reviews=[NamedDecision(review[1], by) for by, review in zip(authors, reviews, strict=True)],
            verdicts=[verdict[1] for verdict in verdicts],
            original=None if trace[8] is None else _original(trace),
            compared=compared,
        )
        original, decided = None, None
        if evidence.original is not None:
            original = {**evidence.original.to_json(), "trace": trace[11]}
            self.edits += 1
        if (final := known.final.get(trace_id)) is not None:
            by = self._pseudonym(final[2])
            decided = [by, *final[3:]]
            evidence = replace(evidence, final=NamedDecision(final[1], by))
            self.adjudicated += 1
        own_hash = item_hash(
            problem=problem_hash,
            trace=trace_hash,
            split=split,
            score=score,
            reviews=[(by, *review[3:]) for by, review in zip(authors, reviews, strict=True)],
            verdicts=[verdict[2:] for verdict in verdicts],
            original=original,
            final=decided,
            compared=compared,
        )
        line = copied_line((self.count, trace_id, split, score, evidence.to_json(), own_hash))
        self.count += 1
        self.splits[split] += 1
        for author in authors:
            self.reviews[author] += 1
        return line, own_hash

    def _split_of(self, problem_hash: str, side: str) -> str:
        return split_of(self.drawn_as.get(problem_hash, problem_hash), side, self.validation)

    def _pseudonym(self, reviewer_id: int) -> str:
        """Reviewers are numbered as they appear, so that a release names nobody and says who reviewed together."""
        return self.pseudonyms.setdefault(reviewer_id, f"reviewer-{len(self.pseudonyms) + 1}")

    def manifest(self, rule: Rule) -> dict[str, Any]:
        """What the release holds; equal content gives an equal manifest, whenever and by whomever it is frozen."""
        return {
            "manifest_version": MANIFEST_VERSION,
            "rule": rule.as_json(),
            "order": "problem hash, trace id",
            "split": _told(self.validation),
            "counts": {
                "traces": self.count,
                "problems": len(self.problems),
                "splits": dict(sorted(self.splits.items())),
                **({"human_edits": self.edits} if self.edits else {}),
                **({"adjudicated": self.adjudicated} if self.adjudicated else {}),
            },
            "samplers": _described(Sampler, ("name", "version", "kind", "parameters"), self.samplers),
            "instructions": _described(Instruction, ("name", "version", "view", "style"), self.instructions),
            "runs": _described(Run, ("id", "title", "seed", "code_version"), self.runs),
            "verifiers": [
                {"name": name, "version": version, "traces": count}
                for (name, version), count in sorted(self.verifiers.items())
            ],
            "reviewers": [{"name": name, "reviews": count} for name, count in self.reviews.items()],
            "items_sha256": self.items_hash.hexdigest(),
        }


def _original(trace: Values) -> OriginalEvidence:
    """What is known now of the trace that a person edited into this one."""
    _, verdict, original, _, correctness, decision = trace[8:]
    return OriginalEvidence(original, edit=verdict, correctness=correctness, decision=decision)


def _told(validation: float | None) -> str:
    told = "by problem, as its source says"
    return told if validation is None else f"{told}; {validation:g} % of the training problems, by hash, validate"


def split_of(problem_hash: str, side: str, validation: float | None) -> str:
    """The split of a problem: its own side, but for the share (in percent) of the training problems that validate.

    It is drawn from the hash alone: a problem is in the same split in every release of that share, unless one that is
    the same came beside it, and one that validates does so with every greater share too.
    """
    if validation is None or side != Problem.Split.TRAIN:
        return side
    drawn = int(text_hash(f"split {problem_hash}")[:12], 16) / 16**12
    return ReleaseItem.Split.VALIDATION.value if drawn * 100 < validation else side


def _described(model: Any, names: tuple[str, ...], counts: Counter[int]) -> list[dict[str, Any]]:
    rows = model.objects.filter(pk__in=counts).order_by("pk").values("pk", *names)
    return [{**{name: row[name] for name in names}, "traces": counts[row["pk"]]} for row in rows]
