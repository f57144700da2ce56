"""Writing what an import has set aside, whatever its kind, in the transaction that ends it."""

from dataclasses import astuple
from typing import Any

from trajectories.adapters.spools import Spool
from trajectories.models import Import
from trajectories.services.problems.imports import SetTarget, name_of_set, write_problems
from trajectories.services.problems.procedural import procedural_source_name
from trajectories.services.traces.imports import Arriving, write_traces

NOT_ADOPTED = "decisions that were not taken over: their traces were here already"
OTHER_REVIEWS = "reviews by people of whom the trace has another one"


def set_target(set_title: str, source: str) -> SetTarget:
    """The set of that title, made if it is new."""
    return SetTarget(name_of_set(set_title), set_title, source)


def write_staged(job: Import, spool: Spool, fault_count: int) -> dict[str, Any]:
    """Write everything, in the caller's transaction; what the import's row says of it then."""
    if job.kind == Import.Kind.TRACES:
        return _write_traces(job, spool, fault_count)
    is_drawn = job.kind == Import.Kind.PROCEDURAL
    source = procedural_source_name(job.options["draw"]["family"]) if is_drawn else job.source
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


def _write_traces(job: Import, spool: Spool, fault_count: int) -> dict[str, Any]:
    title = job.options.get("set_title", "") if job.options.get("make_problems") else ""
    arriving = Arriving(
        actor=job.created_by,
        source=job.source,
        fault_count=fault_count,
        adopting=bool(job.options["adopt_reviews"]),
        job_id=job.pk,
        target=set_target(title, job.source) if title else None,
    )
    traces = write_traces(arriving=arriving, spool=spool)
    told: dict[str, Any] = {**job.told, "verdicts": traces.verdicts, "reviews": traces.reviews}
    if traces.sampled_here:
        told["sampled_here"] = traces.sampled_here
    left_out = {NOT_ADOPTED: traces.not_adopted, OTHER_REVIEWS: traces.other_reviews}
    if counted := {name: count for name, count in left_out.items() if count}:
        told["left_out"] = {**told.get("left_out", {}), **counted}
    came = {
        "inserted": len(traces.trace_ids),
        "duplicates": traces.duplicates,
        "samplers": [{"id": sampler.pk, "title": sampler.title} for sampler in traces.samplers.values()],
        "told": told,
    }
    if (made := traces.problems) is not None:
        told["problems"] = made.inserted
        crossings = [astuple(crossing) for crossing in made.crossings]
        came |= {"problem_set": made.problem_set, "crossing_count": made.crossing_count, "crossings": crossings}
    return came
