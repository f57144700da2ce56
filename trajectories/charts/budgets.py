"""What a budget buys: curves of every way of choosing, and the frontier of score against price over what sampled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trajectories.charts.base import counts_of, k_axis, percent, powers_of_two
from trajectories.charts.spending import price_axis
from trajectories.core.consolidation.frontier import frontier
from trajectories.core.consolidation.resampling import Estimate
from trajectories.core.consolidation.ways import WAYS
from trajectories.core.figures.records import Axis, Column, Count, Figure, Mark, Point, Row, Series, Unit, Value
from trajectories.core.figures.tables import shown
from trajectories.selectors.insights.budgets import ANY, BY, EVERY, BudgetReport, Pool, way_title
from trajectories.selectors.insights.prices import MONEY, SAMPLES, SECONDS, TOKENS, amount
from trajectories.selectors.insights.tables import Price
from trajectories.selectors.insights.tallies import get_tally

_FORMS = {SAMPLES: Unit.COUNT, TOKENS: Unit.COUNT, MONEY: Unit.MONEY, SECONDS: Unit.SECONDS}
MOST_DRAWN = 8
BANDS = 2
"""Curves with a band in the drawing: more would hide one another. The table has all."""

Spot = tuple[Pool, int, Estimate, float | None]
"""A pool, a k, the score there and its price."""
Link = Callable[[str, int, Pool], str]
"""The address of the problems that a way wins and loses with k samples of a pool."""

NO_SAMPLES = "No sample of this selection was verified right or wrong yet."
HOW = (
    "Of the stored samples of each problem k are drawn without replacement: in all possible ways where that can be"
    " worked out (pass@k, best of k, a single sample, all samples), else in random orders with a fixed seed, cut into"
    " stretches of k; the table has the standard error that their luck leaves. Bands hold 95% of 1,000 resamplings of"
    " the problems. A sample costs what all samples of its problem took, also those that do not count, divided by those"
    " that do; a price is the mean over problems, at the same k for every problem."
)
CURVES_TITLE, FRONTIER_TITLE = "What more samples buy", "Frontier of score against price"
CURVE_COLUMNS = [
    Column("Way of choosing"),
    Column("k", Unit.COUNT),
    *(Column(title, Unit.SHARE) for title in ("Score", "From", "To", "Error by draws")),
    Column("Problems", Unit.COUNT),
    Column("Tokens a problem", Unit.COUNT),
    Column("Cost a problem", Unit.MONEY),
    Column("Seconds a problem", Unit.SECONDS),
]


@dataclass(frozen=True, slots=True)
class Plot:
    """What a curve is of: a pool, the unit of its price, and where its points lead."""

    pool: Pool
    unit: str
    link: Link


@dataclass(frozen=True, slots=True)
class Bought:
    """What one way of choosing scores with the budget; `error` is that of the draws, 0 where it is exact."""

    way: str
    title: str
    help: str
    source: str
    score: Estimate
    error: float
    link: str

    @property
    def shown(self) -> str:
        """The score as people read it."""
        return percent(self.score.mean)

    @property
    def luck(self) -> str:
        """The standard error by draws as people read it."""
        return f"± {100 * self.error:.2f}%" if self.error else "exact"

    @property
    def band(self) -> str:
        """The band as people read it; "" where there is none."""
        return "" if self.score.low is None else f"{percent(self.score.low)} to {percent(self.score.high)}"


def bought(pool: Pool, k: int, link: Link) -> list[Bought]:
    """What every way that is defined scores with k samples, the oracle first."""
    ways = [ANY, *(way.name for way in pool.defined())]
    return [
        Bought(
            way=way,
            title=way_title(way),
            help="The chance that one of k samples is right." if way == ANY else WAYS[way].help,
            source="Chen et al. 2021, arXiv 2107.03374" if way == ANY else WAYS[way].source,
            score=score,
            error=pool.estimate(way, k).error,
            link=link(way, k, pool),
        )
        for way, score in zip(ways, pool.means(ways, k), strict=True)
    ]


def build_curves(budget: BudgetReport, ways: Sequence[str], unit: str, link: Link, now: int) -> Figure:
    """Score by k, or by what k samples take, for each way; a line where the budget is."""
    pool, counts = budget.whole, _counts(budget)
    names = [way for way in ways if way == ANY or way in {each.name for each in pool.defined()}]
    definition = f"{HOW} {' '.join(f'{WAYS[way].title}: {WAYS[way].help}' for way in names if way != ANY)}"
    if not pool.most:
        return Figure(CURVES_TITLE, definition, CURVE_COLUMNS, counts=counts, missing=NO_SAMPLES)
    if amount(pool.price, unit, 1) is None:
        missing = f"Nothing is known of the {unit} that these samples took."
        return Figure(CURVES_TITLE, definition, CURVE_COLUMNS, counts=counts, missing=missing)
    ks = powers_of_two(pool.most)
    found = pool.curves(names, ks)
    plot = Plot(pool, unit, link)
    series = [
        _curve(way, [(k, found[k][place]) for k in ks], plot, str(place % MOST_DRAWN + 1), bands=place < BANDS)
        for place, way in enumerate(names)
    ]
    at = amount(pool.price, unit, now) or now
    guide = Series("The budget", Mark.GUIDE, "muted", [Point(at, 0), Point(at, 1)], in_legend=False)
    last = found[ks[-1]]
    best = max(range(len(names)), key=lambda place: last[place].mean or 0.0)
    return Figure(
        title=CURVES_TITLE,
        definition=definition,
        columns=CURVE_COLUMNS,
        rows=[_row(way, k, found[k][place], pool, link) for place, way in enumerate(names) for k in ks],
        series=[guide, *series],
        x=_x_axis(pool, ks, unit),
        y=Axis("Problems solved", Unit.SHARE, top=1.03),
        counts=counts,
        summary=f"{len(names)} ways of choosing among up to {ks[-1]:,} samples of {last[0].problems:,} problems; the"
        f" best score there is {percent(last[best].mean)}, by {way_title(names[best])}.",
    )


def _x_axis(pool: Pool, ks: Sequence[int], unit: str) -> Axis:
    if unit == SAMPLES:
        return k_axis(ks)
    return price_axis([amount(pool.price, unit, k) or 0.0 for k in ks], _FORMS[unit])


def _curve(way: str, found: Sequence[tuple[int, Estimate]], plot: Plot, tone: str, *, bands: bool) -> Series:
    most, pool = found[0][1].problems, plot.pool
    points = [
        Point(
            x=amount(pool.price, plot.unit, k) or 0.0,
            y=each.mean,
            words=[_words(each, pool.estimate(way, k).error), _spent(pool.price, k)],
            link=plot.link(way, k, pool),
            low=each.low if bands else None,
            high=each.high if bands else None,
            hollow=each.problems < most,
        )
        for k, each in found
        if each.mean is not None
    ]
    return Series(way_title(way), Mark.LINE, tone, points)


def _words(found: Estimate, error: float) -> str:
    band = f", 95% band {percent(found.low)} to {percent(found.high)}" if found.low is not None else ""
    luck = f", ± {100 * error:.2f} by draws" if error else ""
    return f"{percent(found.mean)} of {found.problems:,} problems{band}{luck}"


def _spent(price: Price, k: int) -> str:
    parts = [f"{k:,} samples" if k else "all samples"]
    for unit, name in ((TOKENS, " tokens"), (MONEY, " of money"), (SECONDS, "")):
        if (each := amount(price, unit, max(k, 1))) is not None:
            parts.append(f"{shown(each, _FORMS[unit])}{name}")
    return ", ".join(parts) + " a problem"


def _row(way: str, k: int, found: Estimate, pool: Pool, link: Link) -> Row:
    return Row(
        [
            way_title(way),
            k,
            found.mean,
            found.low,
            found.high,
            pool.estimate(way, k).error,
            found.problems,
            *_prices(pool, k),
        ],
        link(way, k, pool),
    )


def _prices(pool: Pool, k: int) -> list[Value]:
    times = max(k, 1)
    return [amount(pool.price, unit, times) for unit in (TOKENS, MONEY, SECONDS)]


def _counts(budget: BudgetReport) -> list[Count]:
    scope = budget.scope.samples
    counts = list(counts_of(get_tally(scope), scope))
    if hidden := len(budget.scope.without):
        counts.append(Count("problems left out until you have decided on them", hidden))
    return counts


def build_frontier(budget: BudgetReport, by: str, way: str, unit: str, link: Link) -> Figure:
    """Score against price of every run, strategy or sampler at every k, on the problems that all have."""
    pools, counts = budget.pools(by), _counts(budget)
    columns = [Column(BY[by]), *CURVE_COLUMNS[1:]]
    problems = len(pools[0].stored.problems) if pools else 0
    definition = (
        f"{way_title(way)}, of each of the {BY[by].lower()} for itself, over the {problems:,} problems that all of them"
        " have. The staircase is the best score for its price. What went by verdicts on earlier samples is a single,"
        f" hollow point: all that it drew, at what that took; it is no part of the staircase. {HOW}"
    )
    drawn = [(pool, k) for pool in pools for k in _ks(pool)]
    points = [(pool, k, pool.means([way], k)[0], amount(pool.price, unit, max(k, 1))) for pool, k in drawn]
    points = [each for each in points if each[2].mean is not None and each[3]]
    if not points:
        missing = (
            f"These {BY[by].lower()} share no problem with a price in {unit} and a score by this way of choosing."
            if pools or budget.counted.any()
            else NO_SAMPLES
        )
        return Figure(FRONTIER_TITLE, definition, columns, counts=counts, missing=missing)
    best = frontier([(price or 0.0, each.mean or 0.0) for pool, _, each, price in points if not pool.adapts])
    more = (
        f" Of {len(pools):,} the first {MOST_DRAWN} are drawn; the table has them all."
        if len(pools) > MOST_DRAWN
        else ""
    )
    series = [
        _source(points, way, Plot(pool, unit, link), str(place + 1)) for place, pool in enumerate(pools[:MOST_DRAWN])
    ]
    steps = [Series("Best for its price", Mark.STEPS, "muted", [Point(x, y) for x, y in best])] if len(best) > 1 else []
    return Figure(
        title=FRONTIER_TITLE,
        definition=definition + more,
        columns=columns,
        rows=[
            Row([pool.title, *_row(way, k, each, pool, link).values[1:]], link(way, k, pool))
            for pool, k, each, _ in points
        ],
        series=[*steps, *(each for each in series if each.points)],
        x=price_axis([price or 0.0 for *_, price in points], _FORMS[unit]),
        y=Axis(way_title(way), Unit.SHARE, top=1.03),
        counts=counts,
        summary=f"{len(pools)} {BY[by].lower()} over {problems:,} problems; the best score is"
        f" {percent(max(each.mean or 0.0 for _, _, each, _ in points))}.",
    )


def _ks(pool: Pool) -> list[int]:
    """EVERY for what went by verdicts, else the powers of two that half of the problems reach."""
    return [EVERY] if pool.adapts else powers_of_two(pool.most) if pool.most else []


def _source(points: Sequence[Spot], way: str, plot: Plot, tone: str) -> Series:
    mine = [
        Point(
            x=price or 0.0,
            y=each.mean,
            words=[pool.title, _words(each, pool.estimate(way, k).error), _spent(pool.price, k)],
            link=plot.link(way, k, pool),
            hollow=pool.adapts,
        )
        for pool, k, each, price in points
        if pool is plot.pool
    ]
    return Series(plot.pool.title, Mark.POINTS if plot.pool.adapts else Mark.LINE, tone, mine)
