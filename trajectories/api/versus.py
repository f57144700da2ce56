"""Run against run: how two runs differ over the problems that both have, and how sure that is."""

from dataclasses import asdict
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Schema
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from trajectories.api.auth import asking
from trajectories.api.doors import door
from trajectories.api.form_filling import checked
from trajectories.api.insights import VIEW
from trajectories.api.shapes import Limit, OneOf, RowId
from trajectories.core.faults import Fault
from trajectories.core.records import JSON
from trajectories.forms.budgets import CHOICES, MOST_SAMPLES
from trajectories.forms.versus import VersusForm
from trajectories.selectors.blinding import sight_of
from trajectories.selectors.insights.budgets import EVERY
from trajectories.selectors.insights.versus import Versus, compare_runs


class RunScore(Schema):
    """The mean score of a run over the problems, from 0 to 1, with its 95 % band."""

    run: int
    mean: float | None
    low: float | None
    high: float | None


class Apart(Schema):
    """What the first run has over the second in mean over `problems`, with its 95 % band; `p` is twice the smaller
    share of resampled means that lie on either side of 0."""

    mean: float
    low: float | None
    high: float | None
    p: float | None
    problems: int


class WonLost(Schema):
    """Problems by who solves them: the first alone, the second alone, both, neither; `open` ones are decided by chance
    for one of them. `p` is McNemar's exact test."""

    won: int
    lost: int
    both: int
    neither: int
    open: int
    p: float


class SharedShown(Schema):
    """A problem of both runs with the score of either."""

    problem: int
    problem_name: str
    first: float
    second: float


class VersusShown(Schema):
    """Two runs over the `shared` problems, of which `undefined` have no score for one of them and `hidden` more are
    left out because a queue hides a verdict from you. `problems` are those that differ most first; `next` is where they
    go on."""

    runs: list[RunScore]
    shared: int
    undefined: int
    hidden: int
    apart: Apart | None
    counted: WonLost | None
    problems: list[SharedShown]
    next: int | None


class Against(Schema):
    """Which runs, by which way of choosing among how many samples."""

    a: Annotated[RowId, Field(description="Id of the first run.")]
    b: Annotated[RowId, Field(description="Id of the second run.")]
    way: Annotated[str, OneOf(["", *(name for name, _ in CHOICES)]), Field(description="Empty for majority.")] = ""
    k: Annotated[
        int | SkipJsonSchema[None], Field(ge=1, le=MOST_SAMPLES, description="None for all that each run drew.")
    ] = None
    unfinished: Annotated[bool, Field(description="Draw samples that were cut off or refused too.")] = False


@door("GET", "/insights/versus", *VIEW, answers=VersusShown)
def compare_two_runs(
    request: HttpRequest,
    against: Annotated[Against, Query()],
    cursor: Annotated[int, Query(ge=0, le=10**9, description="Problems to pass over: the `next` before.")] = 0,
    limit: Limit = 50,
) -> Any:
    """Compare two runs over the problems that both have, with the problems that make the difference."""
    sent = {name: value for name, value in against.model_dump().items() if value not in (None, "", False)}
    data = checked(VersusForm(sent)).cleaned_data
    runs = (data["a"], data["b"])
    if not all(runs):
        raise Fault("Found one run, expected two.", field="b")
    found = compare_runs(
        runs,
        way=data["way"] or "majority",
        k=data["k"] or EVERY,
        sight=sight_of(asking(request)),
        unfinished=bool(data["unfinished"]),
    )
    return _shown((runs[0].pk, runs[1].pk), found, cursor, limit)


def _shown(runs: tuple[int, int], found: Versus, start: int, limit: int) -> dict[str, JSON]:
    end = start + limit
    bands = found.bands or (None, None)
    return {
        "runs": [
            {"run": run, **{name: getattr(band, name, None) for name in ("mean", "low", "high")}}
            for run, band in zip(runs, bands, strict=True)
        ],
        **{name: getattr(found, name) for name in ("shared", "undefined", "hidden")},
        "apart": None if found.apart is None else asdict(found.apart),
        "counted": None if found.counted is None else {**asdict(found.counted), "p": found.counted.p},
        "problems": [
            {"problem": row.key, "problem_name": row.name, "first": row.first, "second": row.second}
            for row in found.problems[start:end]
        ],
        "next": end if end < len(found.problems) else None,
    }
