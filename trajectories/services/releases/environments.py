"""Releases as environments for reinforcement learning: the problems of a release, with our verifiers, as a package."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from django.db.models import Min, Q, QuerySet

from trajectories.adapters.environments.package import PackageFacts, package_chunks
from trajectories.adapters.environments.wheels import wheel_filename
from trajectories.core.problems.procedural_families import scoring_of
from trajectories.core.records import ProblemKind
from trajectories.models import Problem, Release
from trajectories.selectors.problems import to_record

BATCH = 100
NO_REFERENCE = "without a reference answer"
UNTRUSTED = "of a family whose own scorer is not trusted"


@dataclass(frozen=True, slots=True)
class Contents:
    """What goes into a package: ids and splits of the problems, in order, and what it says of itself."""

    problems: tuple[tuple[int, str], ...]
    facts: PackageFacts

    @property
    def filename(self) -> str:
        """What the package's file is called."""
        return wheel_filename(self.facts.package, self.facts.version)


def environment_filename(release: Release) -> str:
    """What the package of a release is called."""
    facts = PackageFacts(release.title, release.content_hash, {}, {}, (), {})
    return wheel_filename(facts.package, facts.version)


def environment_module(release: Release) -> str:
    """The name under which the package of a release is imported."""
    return PackageFacts(release.title, release.content_hash, {}, {}, (), {}).package


def read_contents(release: Release) -> Contents:
    """Which problems of a release can be scored, and in which split each is. What is in memory are ids and words."""
    kinds: Counter[str] = Counter()
    splits: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    problems: list[tuple[int, str]] = []
    sides = dict(release.items.values_list("trace__problem_id").annotate(side=Min("split")))
    found = Problem.objects.filter(pk__in=release.items.values("trace__problem_id")).order_by("content_hash")
    for problem_id, kind, why in _scorable(found):
        if why:
            left_out[why] += 1
            continue
        problems.append((problem_id, sides[problem_id]))
        kinds[kind] += 1
        splits[sides[problem_id]] += 1
    facts = PackageFacts(
        title=release.title,
        release_hash=release.content_hash,
        kinds=dict(sorted(kinds.items())),
        splits=dict(sorted(splits.items())),
        verifiers=[f"{each['name']} {each['version']}" for each in release.manifest.get("verifiers", ())],
        left_out=dict(sorted(left_out.items())),
    )
    return Contents(tuple(problems), facts)


def _scorable(problems: QuerySet[Problem]) -> Iterator[tuple[int, str, str]]:
    """(id, kind, why nothing can score it, "" where something can) of problems."""
    without = Q(reference__isnull=True) | Q(reference=None)
    has_reference = set(problems.exclude(without).values_list("pk", flat=True))
    has_tests = set(problems.filter(spec__has_key="tests").values_list("pk", flat=True))
    for problem_id, kind, family in problems.values_list("pk", "kind", "spec__family"):
        why = "" if problem_id in has_reference or problem_id in has_tests else NO_REFERENCE
        if not why and kind == ProblemKind.PROCEDURAL and scoring_of(str(family)).unverified:
            why = UNTRUSTED
        yield problem_id, kind, why


def environment_chunks(contents: Contents) -> Iterator[bytes]:
    """The bytes of the package; a hundred problems of it are in memory at once."""
    return package_chunks(contents.facts, _problem_lines(contents))


def _problem_lines(contents: Contents) -> Iterator[bytes]:
    for place in range(0, len(contents.problems), BATCH):
        batch = contents.problems[place : place + BATCH]
        found = Problem.objects.in_bulk([problem_id for problem_id, _ in batch])
        for problem_id, split in batch:
            problem = found[problem_id]
            row = {"hash": problem.content_hash, **asdict(to_record(problem)), "split": split}
            yield json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n"
