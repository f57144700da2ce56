"""Which problems of an import are known already, and which ones ask what is asked on the other side."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from trajectories.core.problems import Crossing
from trajectories.core.problems.arc import pair_bag
from trajectories.core.problems.kinds import GRIDS
from trajectories.core.problems.sameness import Traits, choice_traits, is_known_task, same_question, traits_of
from trajectories.core.records import JSON
from trajectories.models import Problem


@dataclass(frozen=True, slots=True)
class Arrival:
    """A problem that is about to come in; `question_hash` is as in core/problems/sameness.py."""

    content_hash: str
    question_hash: str
    kind: str
    name: str
    split: str
    spec: Mapping[str, JSON]
    reference: JSON


@dataclass(frozen=True, slots=True)
class Sifted:
    """The positions in a batch of the problems that are new, each once, and the problems known on the other side of the
    train/eval line, whether new here or not."""

    new: list[int]
    crossings: list[Crossing]


@dataclass(frozen=True, slots=True)
class _Known:
    name: str
    split: str
    set_title: str
    traits: Traits


def sift(batch: Sequence[Arrival], *, set_title: str, variants: bool = False) -> Sifted:
    """Part a batch, in its order, into what is new and what is known, by three queries.

    An ARC task is known where a task with the same pairs, in whatever order and roles, has every output that it has:
    one that comes with a solution that nobody had is new. Variants made on purpose are known by their content alone.
    `set_title` names the set that the batch goes into.
    """
    known = _find_known({each.question_hash for each in batch if each.question_hash})
    same = Problem.objects.filter(content_hash__in=[each.content_hash for each in batch])
    taken = set(same.values_list("content_hash", flat=True))
    sifted = Sifted([], [])
    for place, each in enumerate(batch):
        alike = known.setdefault(each.question_hash, []) if each.question_hash else []
        traits = traits_of(each.kind, each.spec, each.reference)
        crossing = _crossing(each, traits, alike)
        if crossing is not None:
            sifted.crossings.append(crossing)
        if each.content_hash in taken or (not variants and any(is_known_task(one.traits, traits) for one in alike)):
            continue
        taken.add(each.content_hash)
        sifted.new.append(place)
        alike.append(_Known(each.name, each.split, set_title, traits))
    return sifted


def _crossing(arrival: Arrival, traits: Traits, alike: Sequence[_Known]) -> Crossing | None:
    """The first problem of the other side that asks the same."""
    for one in alike:
        if one.split != arrival.split and same_question(one.traits, traits):
            return Crossing(arrival.name, arrival.split, one.name, one.set_title, one.split)
    return None


def _find_known(hashes: set[str]) -> dict[str, list[_Known]]:
    """The stored problems of these question hashes, the oldest first."""
    known: dict[str, list[_Known]] = {}
    for found, one in _stored(hashes):
        known.setdefault(found, []).append(one)
    return known


def _stored(hashes: set[str]) -> Iterator[tuple[str, _Known]]:
    """ARC tasks with their grids; of the others only the choices: tests of programs may be large."""
    rows = Problem.objects.filter(statement_hash__in=hashes).order_by("pk")
    said = ("statement_hash", "name", "split", "problem_set__title")
    for found, name, split, title, spec, reference in (
        rows.filter(kind__in=GRIDS).values_list(*said, "spec", "reference").iterator()
    ):
        yield found, _Known(name, split, title, pair_bag(spec, reference))
    for found, name, split, title, choices in (
        rows.exclude(kind__in=GRIDS).values_list(*said, "spec__choices").iterator()
    ):
        yield found, _Known(name, split, title, choice_traits(choices))
