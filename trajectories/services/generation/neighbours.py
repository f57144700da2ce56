"""Finding what a new problem is too much like: problems anywhere with the same content, near duplicates in the target
set and on the other side of the train/eval line, and the other candidates for the same set.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from trajectories.core.generation.canonical import canonical_hash
from trajectories.core.generation.similarity import (
    SKETCH_VERSION,
    SketchTable,
    comparable_text,
    similarity,
    sketch_of,
)
from trajectories.core.problems import ProblemError, problem_hash
from trajectories.core.problems.kinds import GRIDS, is_grids
from trajectories.core.records import ProblemRecord
from trajectories.models import GenerationJob, Problem, ProblemCandidate, ProblemSketch
from trajectories.selectors.candidates import candidate_record
from trajectories.selectors.problems import to_record

SKETCHED_AT_ONCE = 500
COMPARED_STATES = (
    ProblemCandidate.State.PROPOSED,
    ProblemCandidate.State.UNSOLVABLE,
    ProblemCandidate.State.UNCHECKED,
    *ProblemCandidate.PASSED_STATES,
)
"""Candidates that count as neighbours; duplicates and what is no problem do not."""

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The problem or candidate that is most like a new one. `why` says what makes it a duplicate, "" for nothing."""

    similarity: float
    problem_id: int | None = None
    candidate_id: int | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Sketch:
    """What one record is compared by; `canonical` is of ARC tasks only, `minhash` of all others."""

    content_hash: str
    minhash: bytes = b""
    canonical: str = ""


def sketch_record(record: ProblemRecord) -> Sketch:
    """What a record is compared by. Raises ProblemError for an ARC problem without a task."""
    if is_grids(record.kind):
        return Sketch(problem_hash(record), canonical=canonical_hash(record.spec, record.reference))
    return Sketch(problem_hash(record), minhash=sketch_of(comparable_text(record)))


def ensure_sketches(problems: QuerySet[Problem]) -> None:
    """Make what is missing of the sketches of these problems, some at a time."""
    while True:
        lacking = problems.filter(Q(sketch=None) | ~Q(sketch__version=SKETCH_VERSION)).order_by("pk")
        rows = list(lacking[:SKETCHED_AT_ONCE])
        if not rows:
            return
        ProblemSketch.objects.bulk_create(
            [_sketch_row(problem) for problem in rows],
            update_conflicts=True,
            unique_fields=["problem"],
            update_fields=["version", "minhash", "canonical"],
        )


def _sketch_row(problem: Problem) -> ProblemSketch:
    """The unsaved sketch of a problem; an ARC problem without a task is like no other, and its sketch is empty."""
    try:
        sketch = sketch_record(to_record(problem))
    except ProblemError:
        sketch = Sketch(problem.content_hash)
    return ProblemSketch(problem=problem, version=SKETCH_VERSION, minhash=sketch.minhash, canonical=sketch.canonical)


class Neighbourhood:
    """Everything that the candidates of one job are compared with; candidates are added as they come."""

    def __init__(self, *, job: GenerationJob, threshold: float) -> None:
        self._threshold = threshold
        self._split = job.kept_plan.recipe.split
        self._set_name: str = job.kept_plan.set_name
        self._table = SketchTable()
        self._hashes: dict[str, Key] = {}
        self._other_side: dict[str, int] = {}
        problems = self._problems(job)
        ensure_sketches(problems)
        self._take_problems(problems)
        self._take_candidates()

    def _problems(self, job: GenerationJob) -> QuerySet[Problem]:
        """The target set, the sources, and all problems on the other side of the line; ARC or everything else."""
        is_arc = job.generator == "arc_augmented"
        near = Q(problem_set__name=self._set_name) | ~Q(split=self._split)
        if not is_arc and job.kept_plan.source_ids:
            near |= Q(pk__in=job.kept_plan.source_ids)
        kind = Q(kind__in=GRIDS)
        return Problem.objects.filter(near, kind if is_arc else ~kind)

    def _take_problems(self, problems: QuerySet[Problem]) -> None:
        rows = ProblemSketch.objects.filter(problem__in=problems).order_by("pk")
        for pk, minhash, canonical, split in rows.values_list("pk", "minhash", "canonical", "problem__split"):
            if minhash:
                self._table.add(("problem", pk), bytes(minhash))
            elif canonical and split != self._split:
                self._other_side.setdefault(canonical, pk)

    def _take_candidates(self) -> None:
        same_set = ProblemCandidate.objects.filter(job__plan__set_name=self._set_name, state__in=COMPARED_STATES)
        for pk, content_hash, minhash in same_set.order_by("pk").values_list("pk", "content_hash", "minhash"):
            self.add(pk, Sketch(content_hash, bytes(minhash)))

    def add(self, candidate_id: int, sketch: Sketch) -> None:
        """Take in a candidate, so that later ones are compared with it."""
        self._hashes.setdefault(sketch.content_hash, ("candidate", candidate_id))
        if sketch.minhash:
            self._table.add(("candidate", candidate_id), sketch.minhash)

    def find(self, record: ProblemRecord, sketch: Sketch, *, without: int | None = None) -> Neighbour | None:
        """The nearest neighbour of a record; None where nothing shares a word run with it.

        `without` is a candidate that is passed over: the one that the record is about.
        """
        same = Problem.objects.filter(content_hash=sketch.content_hash).values_list("pk", flat=True).first()
        if same is not None:
            return Neighbour(1.0, problem_id=same, why="There is a problem with the same content.")
        key = self._hashes.get(sketch.content_hash)
        if key is not None and key[1] != without:
            return Neighbour(1.0, candidate_id=key[1], why="There is a candidate with the same content.")
        if is_grids(record.kind):
            return self._same_task(sketch)
        return self._most_alike(record, sketch, without)

    def _same_task(self, sketch: Sketch) -> Neighbour | None:
        """Variations of a training task are wanted; one that stands on the other side of the line gives it away."""
        found = self._other_side.get(sketch.canonical)
        if found is None:
            return None
        why = "A task on the other side of the train/eval line is the same but for symmetry, colours or pairs."
        return Neighbour(1.0, problem_id=found, why=why)

    def _most_alike(self, record: ProblemRecord, sketch: Sketch, without: int | None) -> Neighbour | None:
        keys = [key for key in self._table.closest(sketch.minhash) if key != ("candidate", without)]
        texts = _texts_of(keys)
        text = comparable_text(record)
        alike = [(similarity(text, texts[key]), -place, key) for place, key in enumerate(keys) if key in texts]
        if not alike:
            return None
        share, _, (what, pk) = max(alike)
        why = ""
        if share >= self._threshold:
            why = f"It is {share:.0%} like a {what} there is; from {self._threshold:.0%} on that is a near duplicate."
        return Neighbour(share, pk if what == "problem" else None, pk if what == "candidate" else None, why)


def _texts_of(keys: Iterable[Key]) -> dict[Key, str]:
    """What the keyed problems and candidates say."""
    ids: dict[str, list[int]] = {"problem": [], "candidate": []}
    for what, pk in keys:
        ids[what].append(pk)
    found: dict[Key, str] = {}
    for pk, problem in Problem.objects.in_bulk(ids["problem"]).items():
        found["problem", pk] = comparable_text(to_record(problem))
    for pk, candidate in ProblemCandidate.objects.in_bulk(ids["candidate"]).items():
        found["candidate", pk] = comparable_text(candidate_record(candidate))
    return found
