"""The samples of a problem one by one, below its board."""

from trajectories.models import Problem, Run, Trace
from trajectories.selectors.blinding import Sight, veil
from trajectories.selectors.paging import Page, page_by_id

SAMPLES_SHOWN = 25


def list_samples(
    problem: Problem,
    sight: Sight,
    *,
    answer: str = "",
    before: int | None = None,
    after: int | None = None,
    run: Run | None = None,
) -> Page[Trace, int]:
    """Samples of a problem, or of one run at it, newest first: older than `before`, newer than `after`, or the newest.

    What queues hide is taken off.
    """
    chosen = {**({"answer_hash": answer} if answer else {}), **({} if run is None else {"run": run})}
    traces = (
        Trace.objects.filter(problem=problem, withdrawn=False, **chosen)
        .select_related("instruction", "run")
        .annotate(shown_decision=sight.showing("decision"))
        .defer("steps", "parts", "facts", "run__plan")
    )
    page: Page[Trace, int] = page_by_id(traces, before=before, after=after, size=SAMPLES_SHOWN)
    veil(page.rows, sight)
    return page
