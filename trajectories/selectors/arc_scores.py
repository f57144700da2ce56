"""Scores of ARC as its official scoring has them: output by output, with two attempts, and 0 for a task left out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q

from trajectories.core.consolidation.metrics import arc_output_score
from trajectories.core.records import Outcome, ProblemKind
from trajectories.core.strategies import STRATEGIES
from trajectories.core.verifiers.arc_outputs import ArcTestVerifier
from trajectories.models import Attempt, Problem, ProblemSet, Run, Sampler

COUNTS = """
WITH sample AS (
    SELECT t.id, t.run_id, t.sampler_id, t.problem_id, t.correctness, jsonb_array_length(p.reference) AS outputs,
        row_number() OVER (PARTITION BY t.run_id, t.sampler_id, t.problem_id ORDER BY t.id) AS place
    FROM trajectories_trace t JOIN trajectories_problem p ON p.id = t.problem_id
    WHERE p.id = ANY(%(problems)s) AND NOT t.hinted AND (%(run)s::bigint IS NULL OR t.run_id = %(run)s)
), chosen AS (
    SELECT sample.* FROM sample LEFT JOIN trajectories_run r ON r.id = sample.run_id
    WHERE place <= 2 OR r.strategy IS NULL OR NOT r.strategy = ANY(%(adapting)s)
), partly AS (
    SELECT DISTINCT ON (v.trace_id) v.trace_id, v.score, v.evidence
    FROM trajectories_verdict v JOIN chosen ON chosen.id = v.trace_id
    WHERE chosen.correctness = %(fail)s AND chosen.outputs > 1 AND v.verifier = %(verifier)s
    ORDER BY v.trace_id, v.id DESC
)
SELECT chosen.run_id, chosen.sampler_id, chosen.problem_id, count(*), count(*) FILTER (
    WHERE chosen.correctness = %(pass)s
    OR (partly.score > 0 AND partly.evidence #>> ARRAY['pairs', output.place::text, 'match'] = 'right'))
FROM chosen LEFT JOIN partly ON partly.trace_id = chosen.id
    CROSS JOIN LATERAL generate_series(0, chosen.outputs - 1) AS output (place)
GROUP BY chosen.run_id, chosen.sampler_id, chosen.problem_id, output.place
"""
"""(run, sampler, problem, samples, right ones) for every test output. What a strategy draws after its first two samples
goes by the verdicts on them, which no official scoring tells: of an adapting one only those two count."""

SourceKey = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class ArcScore:
    """The official score in [0, 1]: the mean over `tasks` of the share of test outputs that one of two attempts has
    right. `missing` tasks have no sample and count 0; `unknown` ones have no known solution and do not count.

    `right_outputs` of `outputs` are right, in whole and parts where there are more than two samples; `solved` tasks
    have every output right. `most_samples` is how many there are at the most for a task.
    """

    tasks: int
    missing: int
    unknown: int
    score: float
    outputs: int
    right_outputs: float
    solved: int
    most_samples: int

    @property
    def percent(self) -> str:
        """The score as the leaderboards write it."""
        return f"{100 * self.score:.1f}%"


@dataclass(frozen=True, slots=True)
class ScoredSource:
    """The score of what sampled: a run, or a model whose samples were imported (`run` is None)."""

    run: Run | None
    sampler: Sampler | None
    score: ArcScore


def has_arc(run: Run) -> bool:
    """Whether a run has ARC tasks."""
    return Attempt.objects.filter(run=run, problem__kind=ProblemKind.ARC).exists()


def get_run_score(run: Run) -> ArcScore | None:
    """The score of a run over the ARC tasks of its plan; None where it has none."""
    planned = Attempt.objects.filter(run=run).values("problem")
    outputs, unknown = _known_outputs(Q(pk__in=planned))
    if not outputs and not unknown:
        return None
    counts = _counts(outputs, run.pk).values()
    return _score(outputs, unknown, next(iter(counts), {}))


def list_set_scores(problem_set: ProblemSet) -> Sequence[ScoredSource]:
    """The scores of all that has sampled tasks of a set, over all ARC tasks of the set, the best first."""
    outputs, unknown = _known_outputs(Q(problem_set=problem_set))
    counts = _counts(outputs, None)
    runs = Run.objects.defer("plan").in_bulk([run for run, _ in counts if run is not None])
    samplers = Sampler.objects.in_bulk([sampler for _, sampler in counts if sampler is not None])
    found = [
        ScoredSource(runs.get(run or 0), samplers.get(sampler or 0), _score(outputs, unknown, by_problem))
        for (run, sampler), by_problem in counts.items()
    ]
    return sorted(found, key=lambda source: (-source.score.score, -(source.run.pk if source.run else 0)))


def _known_outputs(wanted: Q) -> tuple[dict[int, int], int]:
    """The number of test outputs of each ARC task whose solution is known whole, and how many other tasks there are."""
    rows = Problem.objects.filter(wanted, kind=ProblemKind.ARC).values_list("pk", "reference")
    outputs, unknown = {}, 0
    for pk, reference in rows.iterator():
        if isinstance(reference, list) and reference and all(grid is not None for grid in reference):
            outputs[pk] = len(reference)
        else:
            unknown += 1
    return outputs, unknown


def _counts(problems: Iterable[int], run_id: int | None) -> dict[SourceKey, dict[int, list[tuple[int, int]]]]:
    """(samples, right ones) of the test outputs by problem, by what sampled."""
    values = {
        "problems": list(problems),
        "run": run_id,
        "adapting": [name for name, strategy in STRATEGIES.items() if strategy.adapts],
        "pass": Outcome.PASS.value,
        "fail": Outcome.FAIL.value,
        "verifier": ArcTestVerifier.name,
    }
    found: dict[SourceKey, dict[int, list[tuple[int, int]]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, values)
        for run, sampler, problem, samples, right in cursor:
            found.setdefault((run, sampler), {}).setdefault(problem, []).append((samples, right))
    return found


def _score(outputs: Mapping[int, int], unknown: int, by_problem: Mapping[int, Sequence[tuple[int, int]]]) -> ArcScore:
    scores = {key: [arc_output_score(*counts) for counts in found] for key, found in by_problem.items()}
    shares = {key: sum(found) / outputs[key] for key, found in scores.items()}
    return ArcScore(
        tasks=len(outputs),
        missing=len(outputs) - len(scores),
        unknown=unknown,
        score=sum(shares.values()) / len(outputs) if outputs else 0.0,
        outputs=sum(outputs.values()),
        right_outputs=sum(sum(found) for found in scores.values()),
        solved=sum(share == 1.0 for share in shares.values()),
        most_samples=max((found[0][0] for found in by_problem.values()), default=0),
    )
