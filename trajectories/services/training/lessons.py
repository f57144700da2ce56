"""The items of releases that enter a training, chosen by its rule, and read again whenever they are gone through."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from trajectories.adapters.training.base import Report
from trajectories.core.exporters import ExportItem
from trajectories.core.faults import Fault
from trajectories.core.identity import text_hash
from trajectories.core.learning.choosing import Entrant, Line, choose
from trajectories.core.learning.hindsight import LIKE_HELD_OUT, REFUSALS, SAME, accuracy_of, refusal, relabel
from trajectories.core.learning.lessons import RELABELLED, REPLAYED, SAMPLED, SEED, Lesson, Lessons
from trajectories.core.learning.rules import TrainingRule
from trajectories.core.records import ProblemKind
from trajectories.core.releases.overlaps import Comparable, HeldOut
from trajectories.core.releases.rules import Rule
from trajectories.core.releases.spreading import Contender, contend
from trajectories.models import Release, ReleaseItem, Training
from trajectories.selectors.exports import iterate_items
from trajectories.selectors.release_bases import words_of
from trajectories.services.releases.choosing import held_out_by

TRAIN = ReleaseItem.Split.TRAIN
GREATEST_PLACE = 2**32
"""More items than any release has: keys of entrants are release and place in one number."""


@dataclass(frozen=True, slots=True)
class ChosenLessons:
    """The lessons of a training, by release (the one that is learnt from first) and place. They are the same however
    often they are gone through: releases never change. The `meta` of each says what its release rests on."""

    releases: Sequence[Release]
    sampled: frozenset[int]
    relabelled: frozenset[int]
    seeds: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return len(self.sampled) + len(self.relabelled) + len(self.seeds)

    def __iter__(self) -> Iterator[Lesson]:
        for number, release in enumerate(self.releases):
            rests_on = words_of(release)
            for place, kept in enumerate(iterate_items(release)):
                item = replace(kept, meta={**kept.meta, "rests_on": rests_on})
                key = number * GREATEST_PLACE + place
                if key in self.sampled:
                    origin = REPLAYED if number else SAMPLED
                    yield Lesson(item, item.label, accuracy_of(item), origin)
                if key in self.seeds:
                    yield Lesson(item, item.label, accuracy_of(item), SEED)
                if key in self.relabelled:
                    made = relabel(item)
                    assert made is not None  # it was when it was chosen, and it is pure
                    yield Lesson(made, True, accuracy_of(item), RELABELLED)


@dataclass(slots=True)
class _Pool:
    """What the items of one release could be in a training; `refused` counts wrong programs that are not relabelled, by
    why (core.learning.hindsight.REFUSALS)."""

    entrants: list[Entrant] = field(default_factory=list)
    relabelled: list[Entrant] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    total: int = 0


def choose_lessons(training: Training, report: Report) -> tuple[Lessons, list[dict[str, Any]]]:
    """The lessons of a training, and what each clause of its rule did with the release's items. An item of a problem
    that is set aside for validation or evaluation enters no training, whatever the rule says."""
    rule = TrainingRule.from_json(training.rule)
    report.note("Choosing what to learn from")
    older, seeds = _others(rule.replay_of if rule.replay else (), training), _others(rule.seeds, training)
    releases = [training.release, *older, *seeds]
    pools = [_read(release, number, rule, report) for number, release in enumerate(releases)]
    fresh = pools[0]
    known = {entrant.contender.texts for entrant in fresh.entrants}
    again = _new(pools[1 : 1 + len(older)], known)
    whole = _new(pools[1 + len(older) :], known)
    chosen = choose(rule, fresh.entrants, fresh.relabelled, again, whole, seed=training.seed)
    held_out = Line("held_out", fresh.total - len(fresh.entrants), 0, len(fresh.entrants))
    sampled = frozenset((*chosen.sampled, *chosen.replayed))
    lessons = ChosenLessons(releases, sampled, frozenset(chosen.relabelled), frozenset(chosen.seeds))
    lines = [replace(line, note=_refused(fresh)) if line.clause == RELABELLED else line for line in chosen.lines]
    return lessons, [line.as_json() for line in (held_out, *lines)]


def _others(keys: Sequence[int], training: Training) -> list[Release]:
    found = Release.objects.in_bulk(keys)
    return [found[key] for key in sorted(found) if key != training.release_id]


def _new(pools: Sequence[_Pool], known: set[tuple[str, str]]) -> list[Entrant]:
    """What other releases hold and is not `known` yet, each once; it is known then."""
    found = []
    for entrant in (entrant for pool in pools for entrant in pool.entrants):
        if entrant.contender.texts not in known:
            known.add(entrant.contender.texts)
            found.append(entrant)
    return found


def _refused(pool: _Pool) -> str:
    """How many wrong programs there were, and why some of them say nothing."""
    total = len(pool.relabelled) + sum(pool.refused.values())
    why = ", ".join(f"{pool.refused[key]:,} {words}" for key, words in REFUSALS.items() if pool.refused[key])
    return f"Of {total:,} wrong programs {len(pool.relabelled):,} could be relabelled{f'; {why}' if why else ''}."


def _read(release: Release, number: int, rule: TrainingRule, report: Report) -> _Pool:
    pool = _Pool()
    seen: set[tuple[str, str]] = set()
    relabels = bool(rule.relabel) and not number
    held_out = held_out_by(Rule.from_json(release.rule)) if relabels else None
    for place, item in enumerate(iterate_items(release)):
        report.progress(place + 1, release.item_count, "items looked at")
        pool.total += 1
        if item.split != TRAIN:
            continue
        key = number * GREATEST_PLACE + place
        compared = rule.per_problem is not None
        pool.entrants.append(_entrant(key, item, item.label, compared))
        if relabels and item.label is False:
            why = _refusal(item, seen, held_out)
            if why is None:
                pool.relabelled.append(_entrant(key, item, True, compared=True))
            elif why:
                pool.refused[why] += 1
    return pool


def _refusal(item: ExportItem, seen: set[tuple[str, str]], held_out: HeldOut | None) -> str | None:
    """Why a wrong item is not relabelled; None where it is, and then it is `seen`. "" for what is no ARC program.

    A task that a program makes of a training task may be a held-out one, or share a pair with it: that one is never
    learnt from.
    """
    if (why := refusal(item)) is not None:
        return why
    made = relabel(item)
    assert made is not None
    task = Comparable(0, (made.problem_hash,), "", ProblemKind.ARC, made.spec, None)
    if held_out is not None and held_out.match(task) is not None:
        return LIKE_HELD_OUT
    same = (made.problem_hash, made.program)
    if same in seen:
        return SAME
    seen.add(same)
    return None


def _entrant(key: int, item: ExportItem, is_correct: bool | None, compared: bool) -> Entrant:
    texts = (text_hash(f"{item.problem_hash}\n{item.reasoning}"), text_hash(item.program))
    if compared:
        contender = contend(key, texts, is_correct=is_correct is not False, bodies=(item.reasoning, item.program))
    else:
        contender = Contender(key, texts, is_correct is not False)
    return Entrant(key, item.problem_hash, is_correct, contender, accuracy_of(item))


def check_rule(rule: Mapping[str, Any]) -> TrainingRule:
    """Read the rule from its stored form. Raises Fault for one that cannot be read, and for releases that are gone."""
    read = TrainingRule.from_json(dict(rule))
    for name in ("replay_of", "seeds"):
        asked = set(getattr(read, name))
        known = set(Release.objects.filter(pk__in=asked).values_list("pk", flat=True))
        if missing := sorted(asked - known):
            raise Fault(f"{name}: found the release {missing[0]}, expected one that is there.", field=name)
    return read
