"""The curves of a training, as its trainer told them while it went on."""

from collections.abc import Sequence

from trajectories.core.figures.records import Axis, Column, Figure, Mark, Point, Row, Series, Unit
from trajectories.core.figures.tables import shown
from trajectories.models import TrainingPoint

TONES = 8
TITLE = "Curves"
DRAWN = ("loss", "reward")
"""Values with one of these in their names are drawn; where there are none, all are. What trl tells besides (entropy,
lengths, the learning rate) is of another size, and flattens these."""
TITLES = {"grad_norm": "Gradient norm", "kl": "KL"}
DEFINITION = (
    "What the trainer told at each step while it trained: losses and rewards are drawn, the table has all else. A step"
    " that was told again after a worker was killed has the later values. Where there are more than 500 steps, 500 of"
    " them are drawn, evenly; the CSV file has every step."
)


def build_curves(points: Sequence[TrainingPoint], about: str) -> Figure:
    """The figure of a training's points in order."""
    names = list(dict.fromkeys(name for point in points for name in sorted(point.values)))
    titles = [TITLES.get(name) or name.replace("_", " ").replace("/", ", ").capitalize() for name in names]
    columns = [Column("Step", Unit.COUNT), *(Column(title, Unit.NUMBER) for title in titles)]
    if not points:
        return Figure(TITLE, DEFINITION, columns, missing="This training has told no values yet.", about=about)
    series = [
        Series(title, Mark.LINE, str(number % TONES + 1), _points(points, name, title))
        for number, (name, title) in enumerate(_drawn(names, titles))
    ]
    last = points[-1]
    told = ", ".join(
        f"{title} {shown(last.values[name], Unit.NUMBER)}"
        for name, title in zip(names, titles, strict=True)
        if name in last.values
    )
    return Figure(
        title=TITLE,
        definition=DEFINITION,
        columns=columns,
        rows=[Row([point.step, *(point.values.get(name) for name in names)]) for point in points],
        series=series,
        x=Axis("Step", Unit.COUNT),
        y=Axis(titles[0] if len(titles) == 1 else "Value", Unit.NUMBER),
        summary=f"{len(points):,} steps; at the last one, {last.step:,}: {told}.",
        about=about,
    )


def _drawn(names: Sequence[str], titles: Sequence[str]) -> list[tuple[str, str]]:
    """(name, title) of what is drawn."""
    told = list(zip(names, titles, strict=True))
    return [each for each in told if any(part in each[0] for part in DRAWN)] or told


def _points(points: Sequence[TrainingPoint], name: str, title: str) -> list[Point]:
    found = [(point.step, point.values[name]) for point in points if name in point.values]
    return [Point(step, value, [f"{title} {shown(value, Unit.NUMBER)}", f"step {step:,}"]) for step, value in found]
