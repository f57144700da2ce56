"""How long samples are, and what they take: counted by size and outcome."""

from dataclasses import dataclass
from enum import StrEnum

from trajectories.core.records import Outcome
from trajectories.selectors.insights.scopes import InsightScope, fetch, from_samples

PER_DOUBLING = 2
"""Bins for each doubling of the size."""
DOUBLINGS = "ln(t.{}::float8) / ln(2::float8)"
"""By floats: the logarithm of a `numeric` takes some 15 us, which is seconds for the samples of a run."""
ROUNDING = 1e-9
"""So that a power of two is not put below itself."""


class Measure(StrEnum):
    """What is measured, as the column of traces that holds it."""

    TOKENS = "output_tokens"
    COST = "cost"
    SECONDS = "latency_seconds"


class Fate(StrEnum):
    """What became of a sample, as far as lengths tell by it."""

    RIGHT = "right"
    WRONG = "wrong"
    UNFINISHED = "cut off, refused or empty"
    OTHER = "not scored"


@dataclass(frozen=True, slots=True)
class Bin:
    """Samples of one fate with sizes from `low` up to `high`; both 0 for those of no size. `example` is a trace."""

    low: float
    high: float
    fate: Fate
    samples: int
    example: int


def list_bins(scope: InsightScope, measure: Measure) -> list[Bin]:
    """Samples by size in logarithmic bins, smallest first. Samples whose size is not known are not among them."""
    rows = fetch(
        f"""SELECT CASE WHEN t.{measure.value} > 0
                THEN floor({DOUBLINGS.format(measure.value)} * {PER_DOUBLING} + {ROUNDING})::int END AS bin,
            CASE WHEN t.correctness = %(right)s THEN 'RIGHT' WHEN t.correctness = %(wrong)s THEN 'WRONG'
                WHEN t.finish_reason IN ('length', 'refusal', 'filter', 'empty') THEN 'UNFINISHED' ELSE 'OTHER' END,
            count(*), max(t.id)
        {from_samples(scope)} AND t.{measure.value} IS NOT NULL GROUP BY 1, 2 ORDER BY 1 NULLS FIRST, 2""",
        scope,
        right=Outcome.PASS.value,
        wrong=Outcome.FAIL.value,
    )
    return [
        Bin(
            low=0.0 if place is None else 2 ** (place / PER_DOUBLING),
            high=0.0 if place is None else 2 ** ((place + 1) / PER_DOUBLING),
            fate=Fate[fate],
            samples=samples,
            example=example,
        )
        for place, fate, samples, example in rows
    ]
