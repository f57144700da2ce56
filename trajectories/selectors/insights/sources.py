"""What each run, or each model whose samples were imported, scored and spent."""

from dataclasses import dataclass

from django.db.models import F, Q

from trajectories.models import Run, Sampler
from trajectories.selectors.insights.scopes import RIGHT, SCORED, InsightScope, fetch, from_samples


@dataclass(frozen=True, slots=True)
class Source:
    """`score` is the mean over problems of the share of scored samples that are right, None where none is scored.

    `samples`, `tokens`, `cost` and `seconds` are sums over all samples, hinted ones too: they were paid for. `cost` is
    None unless the price of every sample is known. `unscored` samples were drawn and are neither right nor wrong.
    """

    run: Run | None
    sampler: Sampler | None
    problems: int
    score: float | None
    samples: int
    unscored: int
    tokens: int
    cost: float | None
    seconds: float

    @property
    def title(self) -> str:
        """What it is called."""
        return self.run.title if self.run else self.sampler.title if self.sampler else "Imported"

    @property
    def is_finished(self) -> bool:
        """Whether nothing more comes."""
        return self.run is None or self.run.state in Run.ENDED_STATES


def list_sources(scope: InsightScope) -> list[Source]:
    """All sources of a scope, the newest runs first."""
    rows = fetch(
        f"""WITH problem AS (
            SELECT t.run_id, t.sampler_id, t.problem_id, count(*) AS samples,
                count(*) FILTER (WHERE {SCORED} AND NOT t.hinted) AS scored,
                count(*) FILTER (WHERE {RIGHT} AND NOT t.hinted) AS correct,
                sum(t.input_tokens::bigint + t.output_tokens) AS tokens, sum(t.cost) AS cost, count(t.cost) AS priced,
                sum(t.latency_seconds) AS seconds
            {from_samples(scope, hinted=True)} GROUP BY t.run_id, t.sampler_id, t.problem_id)
        SELECT run_id, sampler_id, count(*), avg(correct::float / nullif(scored, 0)), sum(samples)::bigint,
            (sum(samples) - sum(scored))::bigint, sum(tokens)::bigint,
            CASE WHEN sum(priced) = sum(samples) THEN sum(cost)::float END, sum(seconds)
        FROM problem GROUP BY run_id, sampler_id ORDER BY run_id DESC NULLS LAST, sampler_id""",
        scope,
    )
    runs = Run.objects.defer("plan").in_bulk([row[0] for row in rows if row[0] is not None])
    samplers = Sampler.objects.in_bulk({row[1] for row in rows if row[1] is not None})
    return [Source(runs.get(run), samplers.get(sampler), *rest) for run, sampler, *rest in rows]


def is_live(run: int) -> bool:
    """Whether samples of a run still come, or still await their verdicts."""
    open_runs = Q(state__in=Run.ACTIVE_STATES) | Q(verified_count__lt=F("done_count"))
    return Run.objects.filter(open_runs, pk=run).exists()
