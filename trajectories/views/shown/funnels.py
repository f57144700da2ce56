"""Funnels as pages show them: what each clause of a rule removed, with links to it; and rows as trainers read them."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlencode

from django.urls import reverse

from trajectories.core.exporters import DEFAULT_THOUGHTS, EXPORTERS, ExportItem, Thoughts, Ways
from trajectories.core.identity import canonical_json
from trajectories.core.records import JSON
from trajectories.models import Freezing, Training
from trajectories.selectors.release_rules import COMPARING, Funnel, FunnelLine
from trajectories.selectors.trainings import CLAUSES


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line of a funnel with the address of what it removed, "" where there is nothing to look at."""

    line: FunnelLine
    link: str


@dataclass(frozen=True, slots=True)
class ShownFunnel:
    """A funnel with links. `total` is how many traces there were, `left` how many stayed."""

    total: int
    left: int
    lines: list[ShownLine]


def show_funnel(funnel: Funnel, rule: Mapping[str, JSON]) -> ShownFunnel:
    """A funnel of what is there now; its links lead to what its clauses remove now."""
    lines = [ShownLine(line, removed_link(line.clause, rule) if line.removed else "") for line in funnel.lines]
    return ShownFunnel(funnel.total, funnel.left, lines)


def show_job_funnel(job: Freezing) -> ShownFunnel | None:
    """The funnel that a job has kept, None for one that has none; what compared traces with others was kept with it."""
    if not job.funnel:
        return None
    funnel = Funnel.from_json(job.funnel)
    lines = []
    for line in funnel.lines:
        kept = reverse("freezing_removed", args=[job.pk, line.clause])
        link = kept if line.clause in COMPARING else removed_link(line.clause, job.rule)
        lines.append(ShownLine(line, link if line.removed else ""))
    return ShownFunnel(funnel.total, funnel.left, lines)


@dataclass(frozen=True, slots=True)
class TrainingLine:
    """A line of a training's funnel, with (title, address) of the releases that it adds traces of."""

    clause: str
    title: str
    removed: int
    added: int
    left: int
    note: str
    links: Sequence[tuple[str, str]]


def show_training_funnel(training: Training) -> list[TrainingLine]:
    """What each clause of a training's rule removed or added; nothing before it has chosen."""
    of = {"replay": training.rule.get("replay_of", ()), "seeds": training.rule.get("seeds", ())}
    return [
        TrainingLine(
            line["clause"],
            CLAUSES.get(line["clause"], line["clause"]),
            line["removed"],
            line["added"],
            line["left"],
            line.get("note", ""),
            [(f"release {key}", reverse("release_detail", args=[key])) for key in of.get(line["clause"], ())],
        )
        for line in training.funnel
    ]


def removed_link(clause: str, rule: Mapping[str, JSON]) -> str:
    """Where the traces are that a clause of a rule removes now."""
    return f"{reverse('release_rule_removed')}?{urlencode({'clause': clause, 'rule': canonical_json(rule)})}"


def show_rows(export_format: str, items: Iterable[ExportItem], thoughts: Thoughts = DEFAULT_THOUGHTS) -> Iterator[str]:
    """The rows that a format makes of items in order, as a page shows them."""
    exporter = EXPORTERS[export_format]
    taken = filter(exporter.takes, items)
    groups = (list(group) for _, group in groupby(taken, key=lambda item: item.problem_hash))
    for group in groups if exporter.by_problem else ([item] for item in taken):
        for row in exporter.rows(group, Ways(thoughts)):
            yield json.dumps(row.values, ensure_ascii=False, indent=2)
