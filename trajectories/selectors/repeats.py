"""Samples with the very same text: the sign of an endpoint that ignores temperature and seed."""

from dataclasses import dataclass

from django.core.cache import cache
from django.db import connection

from trajectories.models import Run

REPEATS = """
WITH said AS (
    SELECT problem_id, prompt_id, reasoning_id, count(*) AS samples, min(id) AS first, max(id) AS last
    FROM trajectories_trace
    WHERE run_id = %s AND temperature > 0 AND attempt_id IS NOT NULL AND finish_reason NOT IN ('empty', 'step')
    GROUP BY problem_id, prompt_id, reasoning_id
), asked AS (
    SELECT problem_id, prompt_id, sum(samples) AS samples, max(samples) AS most
    FROM said GROUP BY problem_id, prompt_id HAVING sum(samples) > 1
), pair AS (SELECT first, last FROM said WHERE samples > 1 ORDER BY samples DESC, first LIMIT 1)
SELECT coalesce(sum(samples), 0)::bigint, (SELECT coalesce(sum(samples), 0)::bigint FROM said WHERE samples > 1),
    count(*), count(*) FILTER (WHERE most = samples), (SELECT first FROM pair), (SELECT last FROM pair)
FROM asked
"""
"""By the hashes of prompt and text, so that no text is read. Single steps of texts are short, and often the same."""

ALARMING = 0.5
"""The share of repeated samples from which on it is no chance: a short answer is the same now and then."""


KEPT_SECONDS = 3_600
"""So long it is kept what was found of so many samples: it goes through all of them, 1 s for 250,000."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """How often samples repeat each other. Of `comparable` samples, drawn above temperature 0 beside another one for
    the same prompt, `repeated` have a text that another one has too. Of `prompts` prompts, `frozen` have one text only.
    `first` and `last` are two traces with the same text, as an example."""

    comparable: int
    repeated: int
    prompts: int
    frozen: int
    first: int
    last: int

    @property
    def is_alarming(self) -> bool:
        """Whether so many are the same that the endpoint is likely to ignore temperature and seed."""
        return self.repeated >= ALARMING * self.comparable


def find_repeats(run: Run) -> Repeats | None:
    """The repeated samples of a run, None where there are none; one query, which reads no text, or none where so many
    samples of it were looked at already."""
    key = f"repeats-{run.pk}-{run.done_count}"
    found: tuple[int, ...] | None = cache.get(key)
    if found is None:
        found = _count(run)
        cache.set(key, found, KEPT_SECONDS)
    repeats = Repeats(*found)
    return repeats if repeats.repeated else None


def _count(run: Run) -> tuple[int, ...]:
    """The fields of Repeats."""
    with connection.cursor() as cursor:
        cursor.execute(REPEATS, [run.pk])
        row: tuple[int, ...] = cursor.fetchone()
    return row
