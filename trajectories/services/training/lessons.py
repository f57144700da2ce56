"""The items of releases that enter a training, chosen by its rule, and read again whenever they are gone through."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trajectories.adapters.training.base import Report
from trajectories.core.exporters import ExportItem
from trajectories.core.faults import Fault
from trajectories.core.identity import text_hash
from trajectories.core.learning.choosing import Entrant, Line, choose
from trajectories.core.learning.hindsight import accuracy_of, relabel
from trajectories.core.learning.lessons import RELABELLED, REPLAYED, SAMPLED, Lesson, Lessons
from trajectories.core.learning.rules import TrainingRule
from trajectories.core.releases.spreading import Contender, contend
from trajectories.models import Release, ReleaseItem, Training
from trajectories.selectors.exports import iterate_items

TRAIN = ReleaseItem.Split.TRAIN
GREATEST_PLACE = 2**32
"""More items than any release has: keys of entrants are release and place in one number."""


@dataclass(frozen=True, slots=True)
class ChosenLessons:
    """The lessons of a training, by release (the one that is learnt from first) and place. They are the same however
    often they are gone through: releases never change."""

    releases: Sequence[Release]
    sampled: frozenset[int]
    relabelled: frozenset[int]

    def __len__(self) -> int:
        return len(self.sampled) + len(self.relabelled)

    def __iter__(self) -> Iterator[Lesson]:
        for number, release in enumerate(self.releases):
            for place, item in enumerate(iterate_items(release)):
                key = number * GREATEST_PLACE + place
                if key in self.sampled:
                    origin = REPLAYED if number else SAMPLED
                    yield Lesson(item, item.label, accuracy_of(item), origin)
                if key in self.relabelled:
                    made = relabel(item)
                    assert made is not None  # it was when it was chosen, and it is pure
                    yield Lesson(made, True, accuracy_of(item), RELABELLED)


@dataclass(slots=True)
class _Pool:
    """What the items of one release could be in a training."""

    entrants: list[Entrant] = field(default_factory=list)
    relabelled: list[Entrant] = field(default_factory=list)
    total: int = 0


def choose_lessons(training: Training, report: Report) -> tuple[Lessons, list[dict[str, Any]]]:
    """The lessons of a training, and what each clause of its rule did with the release's items. An item of a problem
    that is set aside for validation or evaluation enters no training, whatever the rule says."""
    rule = TrainingRule.from_json(training.rule)
    report.note("Choosing what to learn from")
    releases = [training.release, *_older(rule, training.release_id)]
    pools = [_read(release, number, rule, report) for number, release in enumerate(releases)]
    fresh = pools[0]
    older = [entrant for pool in pools[1:] for entrant in pool.entrants]
    known = {entrant.contender.texts for entrant in fresh.entrants}
    older = [entrant for entrant in older if entrant.contender.texts not in known]
    chosen = choose(rule, fresh.entrants, fresh.relabelled, older, seed=training.seed)
    held_out = Line("held_out", fresh.total - len(fresh.entrants), 0, len(fresh.entrants))
    sampled = frozenset((*chosen.sampled, *chosen.replayed))
    lessons = ChosenLessons(releases, sampled, frozenset(chosen.relabelled))
    return lessons, [line.as_json() for line in (held_out, *chosen.lines)]


def _older(rule: TrainingRule, release_id: int) -> list[Release]:
    found = Release.objects.in_bulk(rule.replay_of) if rule.replay else {}
    return [found[key] for key in sorted(found) if key != release_id]


def _read(release: Release, number: int, rule: TrainingRule, report: Report) -> _Pool:
    pool = _Pool()
    seen: set[tuple[str, str]] = set()
    for place, item in enumerate(iterate_items(release)):
        report.progress(place + 1, release.item_count, "items looked at")
        pool.total += 1
        if item.split != TRAIN:
            continue
        key = number * GREATEST_PLACE + place
        compared = rule.per_problem is not None
        pool.entrants.append(_entrant(key, item, item.label, compared))
        if rule.relabel and not number and item.label is False and (made := relabel(item)) is not None:
            same = (made.problem_hash, made.program)
            if same not in seen:
                seen.add(same)
                pool.relabelled.append(_entrant(key, item, True, compared=True))
    return pool


def _entrant(key: int, item: ExportItem, is_correct: bool | None, compared: bool) -> Entrant:
    texts = (text_hash(f"{item.problem_hash}\n{item.reasoning}"), text_hash(item.program))
    if compared:
        contender = contend(key, texts, is_correct=is_correct is not False, bodies=(item.reasoning, item.program))
    else:
        contender = Contender(key, texts, is_correct is not False)
    return Entrant(key, item.problem_hash, is_correct, contender, accuracy_of(item))


def check_rule(rule: Mapping[str, Any]) -> TrainingRule:
    """The rule that a stored form says. Raises Fault for whatever is none, and for releases that are not there."""
    read = TrainingRule.from_json(dict(rule))
    known = set(Release.objects.filter(pk__in=read.replay_of).values_list("pk", flat=True))
    if missing := sorted(set(read.replay_of) - known):
        raise Fault(f"replay_of: found the release {missing[0]}, expected one that is there.", field="replay_of")
    return read
