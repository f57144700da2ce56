"""Writing what an import has set aside, whatever its kind, in the transaction that ends it."""

from dataclasses import astuple
from typing import Any

from trajectories.adapters.spools import Spool
from trajectories.models import Import
from trajectories.services.jobs.ringers import ring
from trajectories.services.problems.imports import SetTarget, name_of_set, write_problems
from trajectories.services.problems.procedural import procedural_source_name
from trajectories.services.traces.imports import write_traces


def set_target(set_title: str, source: str) -> SetTarget:
    """The set of that title, made if it is new."""
    return SetTarget(name_of_set(set_title), set_title, source)


def write_staged(job: Import, spool: Spool, fault_count: int) -> dict[str, Any]:
    """Write everything, in the caller's transaction; what the import's row says of it then."""
    if job.kind == Import.Kind.TRACES:
        traces = write_traces(
            actor=job.created_by,
            source=job.source,
            spool=spool,
            fault_count=fault_count,
            adopting=bool(job.options["adopt_reviews"]),
        )
        if traces.trace_ids:
            ring("verification", traces.trace_ids)
        samplers = [{"id": sampler.pk, "title": sampler.title} for sampler in traces.samplers.values()]
        return {"inserted": len(traces.trace_ids), "duplicates": traces.duplicates, "samplers": samplers}
    source = procedural_source_name() if job.kind == Import.Kind.PROCEDURAL else job.source
    problems = write_problems(
        actor=job.created_by,
        target=set_target(job.options["set_title"], source),
        spool=spool,
        fault_count=fault_count,
    )
    return {
        "inserted": problems.inserted,
        "duplicates": problems.duplicates,
        "problem_set": problems.problem_set,
        "crossing_count": problems.crossing_count,
        "crossings": [astuple(crossing) for crossing in problems.crossings],
    }
