"""How different the samples of a problem are: distinct answers and programs, and how well they compress together."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, QuerySet
from django.db.models.functions import Left

from trajectories.core.consolidation.compression import LONGEST_PROGRAM, compression_ratio, normal_program
from trajectories.core.consolidation.variety import entropy_bits
from trajectories.core.identity import canonical_json
from trajectories.core.records import Outcome
from trajectories.models import Problem, Trace
from trajectories.selectors.blinding import Hidden, Sight
from trajectories.selectors.population import NOTHING

MOST_TEXTS = 200
"""The newest so many samples are compressed; the page says so where there are more."""


@dataclass(frozen=True, slots=True)
class Alikeness:
    """Texts of samples compared: how many, how many are distinct, their compression ratio (None for fewer than two)."""

    texts: int
    distinct: int
    ratio: float | None


@dataclass(frozen=True, slots=True)
class Diversity:
    """How different the samples of a problem are. `answers` counts distinct answers, `entropy` is the entropy of their
    shares in bits. `of_programs` says whether programs were compressed; where no sample has a program, answers were.
    `right` is the same for the right samples alone, None where a queue hides verdicts on any sample from the reader."""

    samples: int
    answers: int
    entropy: float
    of_programs: bool
    every: Alikeness
    right: Alikeness | None

    @property
    def is_part(self) -> bool:
        """Whether there are more samples than were compressed."""
        return self.samples > MOST_TEXTS


def get_diversity(problem: Problem, sight: Sight) -> Diversity:
    """Of the samples that were not shown the answer, as far as somebody may see; three queries, for the blind four."""
    samples = Trace.objects.filter(problem=problem, hinted=False, edited_by=None)
    votes = dict(samples.order_by().values_list("answer_hash").annotate(votes=Count("pk")))
    counts = [count for answer, count in votes.items() if answer != NOTHING]
    of_programs = samples.filter(program__isnull=False).exists()
    texts = _programs(samples) if of_programs else _answers(samples)
    hides = sight.is_blind and samples.filter(sight.veiled(Hidden.VERDICTS)).exists()
    right = [text for text, correctness in texts if correctness == Outcome.PASS]
    return Diversity(
        samples=sum(votes.values()),
        answers=len(counts),
        entropy=entropy_bits(counts),
        of_programs=of_programs,
        every=_alikeness([text for text, _ in texts]),
        right=None if hides else _alikeness(right),
    )


def _programs(samples: QuerySet[Trace]) -> list[tuple[str, str]]:
    """(normal program, correctness) of the newest samples; equal programs are taken apart once."""
    rows = samples.filter(program__isnull=False).order_by("-pk")
    body = Left("program__body", LONGEST_PROGRAM + 1)
    found = list(rows.annotate(start=body).values_list("program", "start", "correctness")[:MOST_TEXTS])
    normal = {key: normal_program(start) for key, start in {key: start for key, start, _ in found}.items()}
    return [(normal[key], correctness) for key, _, correctness in found]


def _answers(samples: QuerySet[Trace]) -> list[tuple[str, str]]:
    rows = samples.exclude(answer_hash=NOTHING).order_by("-pk").values_list("answer", "correctness")
    return [(canonical_json(answer), correctness) for answer, correctness in rows[:MOST_TEXTS]]


def _alikeness(texts: Sequence[str]) -> Alikeness:
    return Alikeness(len(texts), len(set(texts)), compression_ratio(texts))
