"""Applying the clauses of a rule that compare traces with others and with problems, in bounded memory.

A pass over the traces of one problem after the other keeps of each what it is compared by, and of those that stay their
ids; only the held-out problems, and the ids, are in memory as a whole.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import Any

import numpy as np

from trajectories.adapters.spools import Spool
from trajectories.core.records import Outcome
from trajectories.core.releases.item_evidence import RemovalEvidence
from trajectories.core.releases.overlaps import HeldOut, Match, groups_of_same
from trajectories.core.releases.rules import Rule
from trajectories.core.releases.spreading import Contender, contend, drop_doubles, spread
from trajectories.models import Problem, Text
from trajectories.selectors.exports import messages_text
from trajectories.selectors.overlaps import comparable
from trajectories.selectors.release_rules import eligible_traces

BATCH = 500
REMOVAL_COLUMNS = ("trace_id", "clause", "other_trace_id", "other_problem_id", "evidence")
"""Of a removal, in the order in which a spool has them."""

KEY_SECONDS, TEXT_SECONDS, WORD_SECONDS = 1e-4, 8e-3, 4e-3
"""Of one trace: reading what it is grouped by, comparing its texts, looking for words in a row in them."""

SHARES = ((0.0, "never solved"), (0.25, "up to 25 %"), (0.5, "up to 50 %"), (0.75, "up to 75 %"), (1.0, "above 75 %"))
"""Difficulty by the share of a problem's traces that are right: the most of each group, and its name."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A trace that passed every other clause, and what its problem is grouped by."""

    trace_id: int
    problem_id: int
    problem_set: int
    family: str
    correct: int
    total: int
    prompt: str
    reasoning: str
    program: str | None
    correctness: str

    def group(self, by: str) -> str:
        if by == "difficulty":
            share = self.correct / self.total if self.total else 0.0
            return next(name for most, name in SHARES if share <= most)
        return self.family if by == "family" else str(self.problem_set)


_COLUMNS = (
    *("pk", "problem_id", "problem__problem_set_id", "problem__family"),
    *("problem__correct_count", "problem__trace_count", "prompt_id", "reasoning_id", "program_id", "correctness"),
)


@dataclass
class Chooser:
    """Chooses the traces of a rule. `removals` takes those that were removed, `removed` counts them by clause; `looked`
    is how many were looked at so far.
    """

    rule: Rule
    removals: Spool
    removed: Counter[str] = field(default_factory=Counter)
    looked: int = 0

    def choose(self) -> Iterator[int]:
        """The ids of the traces that the rule takes, in release order."""
        for clause, asked in self._clauses().items():
            if asked:
                self.removed[clause] = 0
        if not self.rule.compares:
            yield from eligible_traces(self.rule).values_list("pk", flat=True).iterator(chunk_size=BATCH)
            return
        ids, groups, ranks, names = array("q"), array("i"), array("i"), dict[str, int]()
        for row, rank in self._by_problem():
            ids.append(row.trace_id)
            groups.append(names.setdefault(row.group(self.rule.balance.by), len(names)))
            ranks.append(rank)
        yield from self._balance(ids, groups, ranks, list(names)) if self.rule.balance.by else ids

    def _clauses(self) -> dict[str, bool]:
        same = self.rule.sameness
        return {
            "contaminated": bool(self.rule.decontamination.problem_sets),
            "same": same.texts or same.programs or same.near is not None,
            "cap": self.rule.per_problem is not None,
            "balance": bool(self.rule.balance.by),
        }

    def _by_problem(self) -> Iterator[tuple[_Row, int]]:
        """(a trace that stays, its rank among those of its problem), in release order."""
        rows = eligible_traces(self.rule).values_list(*_COLUMNS).iterator(chunk_size=BATCH)
        looked = self._looked_at(_Row(*values) for values in rows)
        for _, of_problem in groupby(looked, key=lambda each: each[0].problem_id):
            by_key = {contender.key: (row, contender) for row, contender in of_problem}
            contenders = [contender for _, contender in by_key.values()]
            kept, doubles = drop_doubles(contenders, self.rule.sameness)
            for double in doubles:
                self._remove(double.key, "same", trace=double.of, evidence=RemovalEvidence(double.how, double.alike))
            ranks = {contender.key: rank for rank, contender in enumerate(kept)}
            if self.rule.per_problem is not None:
                places = spread(kept, self.rule.per_problem)
                ranks = {kept[place].key: rank for rank, place in enumerate(places)}
                for contender in kept:
                    if contender.key not in ranks:
                        self._remove(contender.key, "cap")
            yield from ((by_key[key][0], ranks[key]) for key in sorted(ranks))

    def _looked_at(self, rows: Iterable[_Row]) -> Iterator[tuple[_Row, Contender]]:
        """The traces that have nothing in common with what is held out, with what they are compared by."""
        rows = iter(rows)
        held_out = held_out_by(self.rule)
        matches: dict[int, Match | None] = {}
        while batch := list(islice(rows, BATCH)):
            bodies = self._bodies(batch)
            if held_out is not None:
                matches = _match_problems(held_out, {row.problem_id for row in batch}, matches)
            for row in batch:
                self.looked += 1
                match = matches.get(row.problem_id) or self._quote(held_out, row, bodies)
                if match is not None:
                    evidence = RemovalEvidence(match.how, match.alike, match.shared)
                    self._remove(row.trace_id, "contaminated", problem=match.key, evidence=evidence)
                    continue
                texts = (bodies[row.reasoning], bodies.get(row.program or "", "")) if self._compares_texts else None
                yield (
                    row,
                    contend(
                        row.trace_id,
                        (row.reasoning, row.program or ""),
                        is_correct=row.correctness == Outcome.PASS,
                        bodies=texts,
                    ),
                )

    @property
    def _compares_texts(self) -> bool:
        same = self.rule.sameness
        return same.programs or same.near is not None or self.rule.per_problem is not None

    def _bodies(self, batch: list[_Row]) -> dict[str, str]:
        """The texts of traces by their hash, as far as the rule reads them."""
        if not self.rule.reads_texts:
            return {}
        keys = {key for row in batch for key in (row.reasoning, row.program) if key}
        if self.rule.decontamination.ngram is not None:
            keys |= {row.prompt for row in batch}
        return dict(Text.objects.filter(pk__in=keys).values_list("pk", "body"))

    def _quote(self, held_out: HeldOut | None, row: _Row, bodies: dict[str, str]) -> Match | None:
        """What a trainer would read of the trace that is in a held-out statement too."""
        if held_out is None or self.rule.decontamination.ngram is None:
            return None
        for text in (messages_text(bodies[row.prompt]), bodies[row.reasoning], bodies.get(row.program or "", "")):
            if (match := held_out.match_text(text)) is not None:
                return match
        return None

    def _balance(self, ids: "array[int]", groups: "array[int]", ranks: "array[int]", names: list[str]) -> Iterator[int]:
        """Of each group so many: first of every problem its first trace, then its second, and so on."""
        keys, group, rank = np.frombuffer(ids, "q"), np.frombuffer(groups, "i"), np.frombuffer(ranks, "i")
        counts = np.bincount(group) if len(group) else np.zeros(0, int)
        most = self.rule.balance.most or (int(counts.min()) if len(counts) else 0)
        order = np.lexsort((np.arange(len(keys)), rank, group))
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]]) if len(counts) else np.zeros(0, int)
        places = np.arange(len(order)) - starts[group[order]]
        stays = np.zeros(len(keys), bool)
        stays[order[places < most]] = True
        for place, key in enumerate(keys):
            if stays[place]:
                yield int(key)
            else:
                self._remove(int(key), "balance", evidence=RemovalEvidence(group=names[group[place]]))

    def _remove(
        self,
        trace_id: int,
        clause: str,
        *,
        trace: int | None = None,
        problem: int | None = None,
        evidence: RemovalEvidence | None = None,
    ) -> None:
        self.removed[clause] += 1
        self.removals.append([trace_id, clause, trace, problem, {} if evidence is None else evidence.to_json()])


def estimated_seconds(rule: Rule, count: int) -> int:
    """About how long comparing so many traces takes a worker, in seconds, as benchmarks/export.py measures it."""
    texts = TEXT_SECONDS if rule.reads_texts else 0.0
    words = WORD_SECONDS if rule.decontamination.ngram is not None else 0.0
    return max(1, round(count * (KEY_SECONDS + texts + words)))


def held_out_by(rule: Rule) -> HeldOut | None:
    """The problems that a rule holds out; None where it holds out none."""
    asked = rule.decontamination
    if not asked.problem_sets:
        return None
    problems = Problem.objects.filter(problem_set__in=asked.problem_sets).order_by("pk").iterator(chunk_size=BATCH)
    return HeldOut(map(comparable, problems), near=asked.near, ngram=asked.ngram)


def drawn_as(rule: Rule) -> dict[str, str]:
    """Of problems that a rule may set aside for validation and that are the same as others of its traces: by content
    hash, the one that all of these are drawn by. None where the rule sets nothing aside."""
    if rule.validation is None:
        return {}
    traced = eligible_traces(rule).order_by().values("problem")
    problems = Problem.objects.filter(split=Problem.Split.TRAIN, pk__in=traced).order_by("pk")
    return groups_of_same(map(comparable, problems.iterator(chunk_size=BATCH)))


def _match_problems(
    held_out: HeldOut, problem_ids: set[int], known: dict[int, Match | None]
) -> dict[int, Match | None]:
    found = {key: known[key] for key in problem_ids & known.keys()}
    fresh: Iterable[Any] = Problem.objects.filter(pk__in=problem_ids - known.keys())
    return found | {problem.pk: held_out.match(comparable(problem)) for problem in fresh}
