"""Problems by what their samples gave, those alike together: a figure over 100,000 samples reads some hundred rows.

Only samples count that were scored (right or wrong), that were not shown the answer, and that were drawn without
looking at verdicts on earlier ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trajectories.core.consolidation.difficulty import Halves
from trajectories.core.consolidation.votes import Ballot
from trajectories.core.identity import content_hash
from trajectories.selectors.insights.scopes import RIGHT, SCORED, InsightScope, fetch, from_samples

NOTHING = content_hash(None)
"""The hash of no answer."""


@dataclass(frozen=True, slots=True)
class Scored:
    """`problems` problems of which each has so many samples, and so many right ones."""

    samples: int
    right: int
    problems: int


@dataclass(frozen=True, slots=True)
class Voted:
    """`problems` problems whose samples voted alike; `example` is the id of one. `silent` samples gave no answer."""

    ballot: Ballot
    silent: int
    problems: int
    example: int


def list_scored(scope: InsightScope) -> list[Scored]:
    """All problems with a scored sample, by their counts."""
    return [Scored(*row[1:]) for row in _scored(scope, "0")]


def list_scored_by_run(scope: InsightScope) -> dict[int, list[Scored]]:
    """The same for each run of the scope."""
    found: dict[int, list[Scored]] = {}
    for run, *counts in _scored(scope, "t.run_id"):
        if run is not None:
            found.setdefault(run, []).append(Scored(*counts))
    return found


def _scored(scope: InsightScope, key: str) -> list[tuple[int, ...]]:
    return fetch(
        f"""WITH problem AS (
            SELECT {key} AS source, t.problem_id, count(*) AS samples, count(*) FILTER (WHERE {RIGHT}) AS correct
            {from_samples(scope, independent=True)} AND {SCORED} GROUP BY 1, 2)
        SELECT source, samples, correct, count(*) FROM problem GROUP BY 1, 2, 3 ORDER BY 1, 2, 3""",
        scope,
    )


def list_voted(scope: InsightScope) -> list[Voted]:
    """All problems with a scored sample, by the votes that their answers have."""
    return [voted for _, _, voted in _voted(scope, "0", "0", independent=True)]


def list_voted_by_source(scope: InsightScope) -> dict[tuple[int, int], list[Voted]]:
    """The same of all samples of each (run, sampler), 0 for none, whatever strategy drew them: what was paid for."""
    found: dict[tuple[int, int], list[Voted]] = {}
    for run, sampler, voted in _voted(scope, "coalesce(t.run_id, 0)", "coalesce(t.sampler_id, 0)", independent=False):
        found.setdefault((run, sampler), []).append(voted)
    return found


def _voted(scope: InsightScope, run: str, sampler: str, *, independent: bool) -> list[tuple[int, int, Voted]]:
    rows = fetch(
        f"""WITH answer AS (
            SELECT {run} AS run, {sampler} AS sampler, t.problem_id, t.answer_hash = %(nothing)s AS silent,
                count(*)::int AS votes, bool_or({RIGHT}) AS correct
            {from_samples(scope, independent=independent)} AND {SCORED} GROUP BY 1, 2, t.problem_id, t.answer_hash
        ), problem AS (
            SELECT run, sampler, problem_id, coalesce(sum(votes) FILTER (WHERE silent), 0) AS silent,
                coalesce(array_agg(CASE WHEN correct THEN votes ELSE -votes END ORDER BY votes DESC, correct DESC)
                    FILTER (WHERE NOT silent), '{{}}') AS ballot
            FROM answer GROUP BY run, sampler, problem_id)
        SELECT run, sampler, ballot, silent, count(*), min(problem_id) FROM problem
        GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 6""",
        scope,
        nothing=NOTHING,
    )
    return [
        (run, sampler, Voted(_ballot(ballot), int(silent), problems, example))
        for run, sampler, ballot, silent, problems, example in rows
    ]


def _ballot(signed: Sequence[int]) -> Ballot:
    """Votes by answer; a count below 0 is that of a wrong one."""
    return tuple((abs(count), count > 0) for count in signed)


def list_programs(scope: InsightScope) -> list[tuple[tuple[int, ...], int]]:
    """(samples of each distinct program, problems) for problems with a scored sample that has a program."""
    return fetch(
        f"""WITH program AS (
            SELECT t.problem_id, count(*)::int AS samples
            {from_samples(scope, independent=True)} AND {SCORED} AND t.program_id IS NOT NULL
            GROUP BY t.problem_id, t.program_id
        ), problem AS (
            SELECT problem_id, array_agg(samples ORDER BY samples DESC) AS samples FROM program GROUP BY problem_id)
        SELECT samples, count(*) FROM problem GROUP BY 1 ORDER BY 1""",
        scope,
    )


def list_halves(scope: InsightScope) -> list[Halves]:
    """The scored samples of each problem in two halves, drawn by lot: the hash of a sample's id settles its half."""
    rows = fetch(
        f"""WITH sample AS (
            SELECT t.problem_id, {RIGHT} AS correct,
                row_number() OVER (PARTITION BY t.problem_id ORDER BY md5(t.id::text)) & 1 AS half
            {from_samples(scope, independent=True)} AND {SCORED}
        ), problem AS (
            SELECT problem_id, count(*) FILTER (WHERE half = 1) AS binned,
                count(*) FILTER (WHERE half = 1 AND correct) AS binned_right,
                count(*) FILTER (WHERE half = 0) AS measured,
                count(*) FILTER (WHERE half = 0 AND correct) AS measured_right
            FROM sample GROUP BY problem_id)
        SELECT binned, binned_right, measured, measured_right, count(*), min(problem_id)
        FROM problem GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4""",
        scope,
    )
    return [Halves(*row) for row in rows]
