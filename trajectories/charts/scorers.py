"""How true the probabilities of a scorer, or the grades of a model judge, are."""

from trajectories.charts.base import percent
from trajectories.core.figures.records import Axis, Column, Count, Figure, Mark, Point, Row, Series, Unit
from trajectories.core.scorers.metrics import Quality

TITLE = "Reliability"
_BINS = (
    " in bins of equally many (equal scores stay together): the share of each bin that is right, against the mean score"
    " of the bin. On the dashed line a score is the chance of being right; below it the scores promise too much. A"
    " point from few examples is a poor estimate; the table says how many there are."
)
LEARNT = "What was said of the examples that it learnt from, each by a model that had not seen its problem," + _BINS
STORED = "The newest scores that are stored, of traces that somebody said are right or wrong," + _BINS
COLUMNS = [
    Column("Mean score", Unit.SHARE),
    Column("Right", Unit.SHARE),
    Column("Difference", Unit.NUMBER),
    Column("Examples", Unit.COUNT),
]


def build_reliability(quality: Quality | None, *, about: str, definition: str, missing: str) -> Figure:
    """The reliability diagram; `missing` says why there is none."""
    if quality is None:
        return Figure(TITLE, definition, COLUMNS, missing=missing, about=about)
    points = [
        Point(
            each.score, each.right, [f"{percent(each.right)} right", f"scored {percent(each.score)}", f"{each.count:,}"]
        )
        for each in quality.bins
    ]
    most = max(quality.bins, key=lambda each: abs(each.right - each.score))
    return Figure(
        title=TITLE,
        definition=definition,
        columns=COLUMNS,
        rows=[Row([each.score, each.right, each.right - each.score, each.count]) for each in quality.bins],
        series=[
            Series("As right as scored", Mark.GUIDE, "muted", [Point(0, 0), Point(1, 1)]),
            Series("Right", Mark.LINE, "1", points),
        ],
        x=Axis("Mean score", Unit.SHARE, top=1.0),
        y=Axis("Right", Unit.SHARE, top=1.0),
        counts=[
            Count("examples", quality.count),
            Count("right", quality.right),
            Count("wrong", quality.count - quality.right),
            Count("problems", quality.problems),
        ],
        summary=(
            f"{len(quality.bins)} bins. Farthest off: scored {percent(most.score)}, right {percent(most.right)}."
            f" Mean difference {percent(quality.ece)}."
        ),
        about=about,
    )
