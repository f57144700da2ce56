"""What every chart is: a name, a title, and how its figure is made for a scope."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.urls import reverse

from trajectories.core.consolidation.resampling import Estimate
from trajectories.core.figures.records import Axis, Count, Figure
from trajectories.selectors.insights.scopes import InsightScope
from trajectories.selectors.insights.tallies import Tally

Build = Callable[[InsightScope], Figure]


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure before it is known what it is about. `name` stands in its address."""

    name: str
    title: str
    build: Build

    def address(self, scope: InsightScope) -> str:
        """Where the figure of a scope is."""
        query = scope.query()
        return reverse("figure", args=[self.name]) + (f"?{query}" if query else "")


def trace_link(trace: int) -> str:
    """The page of a trace."""
    return reverse("trace_detail", args=[trace])


def problem_link(problem: int) -> str:
    """The page of a problem."""
    return reverse("problem_detail", args=[problem])


def run_link(run: int) -> str:
    """The page of a run."""
    return reverse("run_detail", args=[run])


def traces_link(scope: InsightScope, correctness: str = "") -> str:
    """The list of the traces of a scope; "" where the list has no filter for it."""
    if scope.instruction is not None or len(scope.runs) > 1 or len(scope.problem_kinds) > 1:
        return ""
    filters: dict[str, int | str | None] = {
        "run": scope.run, "problem_set": scope.problem_set, "sampler": scope.sampler,
        "problem_kind": next(iter(scope.problem_kinds), None),
    }  # fmt: skip
    parts = [f"{name}={value}" for name, value in filters.items() if value is not None]
    parts += [f"correctness={correctness}"] if correctness else []
    return reverse("trace_list") + (f"?{'&'.join(parts)}" if parts else "")


def counts_of(tally: Tally, scope: InsightScope) -> Sequence[Count]:
    """What stands beside a rate. Samples, cut off, refused and failed always; the others where there are any."""
    always = [
        Count("problems", tally.problems),
        Count("samples", tally.samples, traces_link(scope)),
        Count("scored", tally.scored),
        Count("cut off", tally.cut),
        Count("refused", tally.refused),
        Count("failed attempts", tally.failed),
    ]
    rest = [
        Count("filtered", tally.filtered),
        Count("empty", tally.empty),
        Count("errors while verifying", tally.errors, traces_link(scope, "error")),
        Count("waiting for verdicts", tally.waiting, traces_link(scope, "unverified")),
        Count("otherwise unscored", tally.open),
        Count("hinted, left out", tally.hinted),
    ]
    return [*always, *(count for count in rest if count.number)]


INDEPENDENT_WORDS = (
    " Of a strategy that goes by verdicts only its first round counts: later samples depend on what the first were."
)


def powers_of_two(most: int) -> list[int]:
    """1, 2, 4 ... up to `most`, and `most` itself where it is not among them."""
    ks = [1]
    while ks[-1] * 2 <= most:
        ks.append(ks[-1] * 2)
    return ks if ks[-1] == most or most < 1 else [*ks, most]


HOLLOW_WORDS = (
    " Points are drawn where at least half of the problems have k samples, hollow where not all of them have; the"
    " table has every k."
)


def reached(ks: Sequence[int], found: Sequence[Estimate]) -> list[int]:
    """The k for which at least half of the problems have k samples; beyond them a mean is that of a few problems."""
    return [k for k, each in zip(ks, found, strict=True) if each.problems and 2 * each.problems >= found[0].problems]


def k_axis(ks: Sequence[int]) -> Axis:
    """The axis of k, by doublings."""
    return Axis("k samples of each problem", logarithmic=True, ticks=[(k, f"{k:,}") for k in ks])


def percent(share: float | None) -> str:
    """A share in words beside a point."""
    return "not defined" if share is None else f"{100 * share:.1f}%"
