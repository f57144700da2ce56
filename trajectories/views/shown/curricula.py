"""A curriculum as its page shows it: the families that build on one another as a graph, and in a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trajectories.charts.base import percent
from trajectories.core.campaigns.curricula import Place, places
from trajectories.core.campaigns.plans import CampaignPlan
from trajectories.core.selections import NO_FAMILY
from trajectories.models import Generation
from trajectories.selectors.campaigns import measured_of, problems_by_family
from trajectories.views.shown.trace_links import Counted, list_traces

BOX = (152, 46)
STEP = (176, 64)
"""The size of a box, and from one box to the next: across and down. Five of them fit into a wide page."""

LONGEST_DRAWN = 18
"""Characters of a name in its box; the table has all of it."""


@dataclass(frozen=True, slots=True)
class ShownFamily:
    """A family in the graph and in the table.

    `x` and `y` are the upper left corner of its box. `since` is the generation that it was sampled in first, None while
    it is closed. `share` is that of right samples on held-out problems now, None where that is not measured. `waits`
    are the prerequisites that are not solved well enough yet, each with its share, in words.
    """

    family: str
    needs: Sequence[str]
    training: Counted
    held_out: Counted
    x: int
    y: int
    since: int | None
    share: float | None
    waits: str

    @property
    def drawn(self) -> str:
        """The name as its box has room for it."""
        return self.family if len(self.family) <= LONGEST_DRAWN else f"{self.family[: LONGEST_DRAWN - 1]}…"

    @property
    def state(self) -> str:
        """In a few words what the second line of the box says."""
        right = "not measured" if self.share is None else f"{self.share:.0%} right"
        return f"{right}, {'closed' if self.since is None else f'open since {self.since}'}"


@dataclass(frozen=True, slots=True)
class ShownCurriculum:
    """The graph of a curriculum: its families, the paths from prerequisites to what builds on them, and its size."""

    families: Sequence[ShownFamily]
    paths: Sequence[str]
    width: int
    height: int
    opens_at: str
    box: int = BOX[0]

    @property
    def words(self) -> str:
        """The graph in one sentence, for who does not see it."""
        opened = sum(each.since is not None for each in self.families)
        return f"{len(self.families)} families, {opened} open, {len(self.paths)} prerequisites."


def show_curriculum(plan: CampaignPlan, rows: Sequence[Generation]) -> ShownCurriculum | None:
    """The graph of a campaign with its generations so far; None for one without a curriculum."""
    if not plan.curriculum:
        return None
    training, held_out = problems_by_family(plan.training_problems), problems_by_family(plan.held_out_problems)
    shares, since = _shares(rows), _since(rows)
    drawn = [row.run_id for row in rows]
    newest = [row.evaluation_id for row in rows if row.measured and not row.is_control][-1:]
    at = places(training, plan.prerequisites)
    shown = [
        ShownFamily(
            family=(family := place.family or NO_FAMILY),
            needs=tuple(plan.prerequisites.get(place.family, ())),
            training=Counted(len(training[place.family]), list_traces(drawn, training[place.family], family=family)),
            held_out=Counted(
                len(held_out.get(place.family, ())),
                list_traces(newest, held_out.get(place.family, ()), family=family),
            ),
            x=place.column * STEP[0] + 2,
            y=place.row * STEP[1] + 2,
            since=since.get(place.family),
            share=shares.get(family),
            waits=_waits(plan, shares, place.family) if place.family not in since else "",
        )
        for place in at
    ]
    return ShownCurriculum(
        families=shown,
        paths=_paths(at, plan),
        width=max(place.column for place in at) * STEP[0] + BOX[0] + 4,
        height=max(place.row for place in at) * STEP[1] + BOX[1] + 4,
        opens_at=f"{100 * plan.opens_at:g}%",
    )


def _shares(rows: Sequence[Generation]) -> dict[str, float]:
    """What the newest measured challenger, or before there is one the first sampler, has right of each family."""
    measured = [found for row in rows if not row.is_control and (found := measured_of(row)) is not None]
    return {family: found[2] for family, found in measured[-1].by_family().items()} if measured else {}


def _since(rows: Sequence[Generation]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        for family in row.families:
            found.setdefault(family, row.number)
    return found


def _waits(plan: CampaignPlan, shares: Mapping[str, float], family: str) -> str:
    short = [need for need in plan.prerequisites.get(family, ()) if shares.get(need, 0.0) < plan.opens_at]
    return ", ".join(
        f"{need} ({f'{percent(shares[need])} right' if need in shares else 'not measured'})" for need in short
    )


def _paths(at: Sequence[Place], plan: CampaignPlan) -> list[str]:
    """The curves from the right side of a prerequisite to the left side of what builds on it."""
    by_family = {place.family: place for place in at}
    found = []
    for place in at:
        for need in plan.prerequisites.get(place.family, ()):
            start = by_family[need]
            x, y = start.column * STEP[0] + 2 + BOX[0], start.row * STEP[1] + 2 + BOX[1] // 2
            to_x, to_y = place.column * STEP[0] + 2, place.row * STEP[1] + 2 + BOX[1] // 2
            middle = (x + to_x) // 2
            found.append(f"M{x} {y}C{middle} {y} {middle} {to_y} {to_x} {to_y}")
    return found
