"""Reading samplers: the newest version of each, and what a sampler has done."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Avg, Count, Max, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Now

from trajectories.adapters.acting import acting_in, acting_project
from trajectories.core.identity import content_hash
from trajectories.models import EndpointGate, Project, Run, Sampler, Trace
from trajectories.models.samplers import SAME_ENDPOINT

RECENT = 500


def list_samplers() -> QuerySet[Sampler]:
    """The newest version of every sampler, in order of making, with its number of runs over all versions."""
    newest = Sampler.objects.filter(name=OuterRef("name")).order_by("-version").values("pk")[:1]
    runs = Run.objects.filter(sampler__name=OuterRef("name")).order_by().values("sampler__name")
    return (
        Sampler.objects.filter(pk=Subquery(newest))
        .annotate(
            run_count=Subquery(runs.annotate(count=Count("pk")).values("count")),
            run_cost=Subquery(runs.annotate(total=Sum("cost")).values("total")),
            last_run_at=Subquery(runs.annotate(last=Max("created_at")).values("last")),
        )
        .order_by("pk")
    )


def list_versions(sampler: Sampler) -> QuerySet[Sampler]:
    """All versions of a sampler, newest first."""
    return Sampler.objects.filter(name=sampler.name).order_by("-version")


def gate_key(sampler: Sampler) -> str:
    """The key of the gate of a sampler: that of its address, key and model, whatever the project; one of its own where
    it has no endpoint."""
    if sampler.has_endpoint:
        return content_hash(called(sampler))
    return content_hash({"project": acting_project(), "sampler": sampler.pk})


def called(sampler: Sampler) -> dict[str, str]:
    """What a sampler with an endpoint calls, and with which key."""
    return {name: sampler.parameters.get(name, "") for name in SAME_ENDPOINT}


def held_gate(sampler: Sampler) -> EndpointGate | None:
    """The gate, where the endpoint has asked to be left alone for now."""
    return EndpointGate.objects.filter(pk=gate_key(sampler), held_until__gt=Now()).first()


@dataclass(frozen=True, slots=True)
class Origin:
    """What a sampler was copied from: a version of one in another project, and the newest that there is of it."""

    project: Project
    version: int
    newest: int


def origin_of(sampler: Sampler, projects: Sequence[Project]) -> Origin | None:
    """Where a sampler was copied from, as far as it is in one of the projects that somebody works in."""
    project = next((each for each in projects if each.pk == sampler.origin_project), None)
    if project is None:
        return None
    with acting_in(project.pk):
        first = Sampler.objects.filter(pk=sampler.origin_sampler or 0).first()
        return None if first is None else Origin(project, first.version, list_versions(first)[0].version)


@dataclass(frozen=True, slots=True)
class SamplerRecord:
    """What the newest traces of one version say; every figure is None or 0 without any."""

    traces: int
    seconds: float | None
    input_tokens: float | None
    output_tokens: float | None
    truncated: int
    empty: int
    cost: Decimal | None
    n_ignored: int


def get_record(sampler: Sampler) -> SamplerRecord:
    """Means over the newest traces, and how many were cut off, empty, or asked for singly because `n` is ignored."""
    newest = Trace.objects.filter(sampler=sampler).order_by("-pk").values("pk")[:RECENT]
    found = Trace.objects.filter(pk__in=newest).aggregate(
        traces=Count("pk"),
        seconds=Avg("latency_seconds", filter=Q(latency_seconds__gt=0)),
        # Recalled samples took nothing; of several in one call only the first has the input.
        input=Avg("input_tokens", filter=Q(output_tokens__gt=0)),
        output=Avg("output_tokens", filter=Q(output_tokens__gt=0)),
        truncated=Count("pk", filter=Q(finish_reason="length")),
        empty=Count("pk", filter=Q(finish_reason__in=("empty", "refusal", "filter"))),
        cost=Avg("cost"),
        n_ignored=Count("pk", filter=Q(facts__n="ignored")),
    )
    return SamplerRecord(
        found["traces"],
        found["seconds"],
        found["input"],
        found["output"],
        found["truncated"],
        found["empty"],
        found["cost"],
        found["n_ignored"],
    )
