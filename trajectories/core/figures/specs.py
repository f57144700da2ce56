"""What plotly.js is told: a figure as plain JSON, with names of colours that the page fills in by its theme."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from trajectories.core.figures.labels import plain_label, plot_label
from trajectories.core.figures.records import Axis, Figure, Mark, Point, Series, Unit
from trajectories.core.figures.ticks import count_ticks
from trajectories.core.records import JSON

WORDS_SHOWN = 90
"""Characters of a line beside a point."""

THIN = 0.62
"""Width of a bar that lies sideways, of the room that it has."""

MANY_POINTS = 40
"""Points of a series from which on the dots of all lines of its figure are small: large ones would hide the lines."""

_FORMATS = {Unit.SHARE: ".0%", Unit.NUMBER: "~g", Unit.MONEY: "~g", Unit.SECONDS: "~g"}


def token(name: str) -> str:
    """A colour of the style sheet by its name there, without `--plot-`. The page puts in what it is in its theme."""
    return f"token:{name}"


def plotly_spec(figure: Figure) -> dict[str, JSON]:
    """`data` and `layout` of the figure, and in `meta` its title for a picture of it.

    Colours are tokens; every text of ours or of others is free of markup. Each trace bears `meta`, what the page needs
    to be read by keyboard: its name, and links and words by point.
    """
    data: list[JSON] = []
    is_dense = any(len(series.points) >= MANY_POINTS for series in figure.series)
    for series in figure.series:
        if any(point.low is not None for point in series.points):
            data.append(_band(series))
        data.append(_trace(series, sideways=figure.sideways, is_dense=is_dense))
    named = sum(series.in_legend for series in figure.series)
    title = {"title": plot_label(f"{figure.title}: {figure.about}" if figure.about else figure.title, WORDS_SHOWN)}
    return {"data": data, "layout": _layout(figure, with_legend=named > 1), "meta": title}


def _trace(series: Series, *, sideways: bool, is_dense: bool) -> dict[str, JSON]:
    points = list(series.points)
    colour = token(series.tone)
    x: list[JSON] = [point.x for point in points]
    y: list[JSON] = [point.y for point in points]
    trace: dict[str, JSON] = {
        "name": plot_label(series.name),
        "x": y if sideways else x,
        "y": x if sideways else y,
        "hoverinfo": "skip" if series.mark is Mark.GUIDE else "text",
        "hovertext": [_words(series, point) for point in points],
        "showlegend": series.in_legend,
        "meta": {
            "name": plain_label(series.name),
            "links": [point.link for point in points],
            "words": [[plain_label(word, WORDS_SHOWN) for word in point.words] for point in points],
        },
    }
    if series.mark is Mark.BARS:
        trace |= {"type": "bar", "orientation": "h" if sideways else "v", "marker": _bars(points, colour)}
        return trace | ({"width": THIN} if sideways else {})
    line: dict[str, JSON] = {"color": colour, "width": 2.5}
    if series.mark is Mark.STEPS:
        line |= {"shape": "hv", "width": 1.5, "dash": "dot"}
    if series.mark is Mark.CONTROL:
        line |= {"dash": "dash"}  # where both are the same, each is seen
    if series.mark is Mark.GUIDE:
        line |= {"width": 1, "dash": "dash"}
    modes = {Mark.POINTS: "markers", Mark.STEPS: "lines", Mark.GUIDE: "lines"}
    return {
        **trace,
        "type": "scatter",
        "mode": modes.get(series.mark, "lines+markers"),
        "line": line,
        "marker": _dots(points, colour, 11 if series.mark is Mark.POINTS else 4 if is_dense else 8),
        "cliponaxis": False,
        "connectgaps": False,
    }


def _dots(points: Sequence[Point], colour: str, size: int) -> dict[str, JSON]:
    fills: list[JSON] = [token("surface") if point.hollow else colour for point in points]
    return {"color": fills, "size": size, "opacity": 1, "line": {"color": colour, "width": 2}}


def _bars(points: Sequence[Point], colour: str) -> dict[str, JSON]:
    opacity: list[JSON] = [0.55 if point.hollow else 1 for point in points]
    return {"color": colour, "opacity": opacity, "cornerradius": 3, "line": {"width": 0}}


def _band(series: Series) -> dict[str, JSON]:
    """The outline of the bands of a series, filled, behind its line."""
    bounded = [point for point in series.points if point.low is not None and point.high is not None]
    x: list[JSON] = [point.x for point in (*bounded, *reversed(bounded))]
    y: list[JSON] = [*(point.high for point in bounded), *(point.low for point in reversed(bounded))]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "fill": "toself",
        "fillcolor": token(f"{series.tone}-band"),
        "line": {"width": 0, "color": token(f"{series.tone}-band")},
        "hoverinfo": "skip",
        "showlegend": False,
        "meta": {"name": "", "links": [], "words": []},
    }


def _words(series: Series, point: Point) -> str:
    lines = [plot_label(series.name)] if series.in_legend else []
    return "<br>".join([*lines, *(plot_label(word, WORDS_SHOWN) for word in point.words)])


def _layout(figure: Figure, *, with_legend: bool) -> dict[str, JSON]:
    of_x, of_y = _with_ticks(figure.x, _values_of_x(figure)), _with_ticks(figure.y, _values_of_y(figure))
    across, up = _axis(of_x, grid=False), _axis(of_y, grid=True)
    if figure.sideways:
        across = _axis(of_y, grid=True)
        up = _axis(of_x, grid=False) | {"autorange": "reversed", "ticks": "", "ticklabelstandoff": 8}
    return {
        "xaxis": across,
        "yaxis": up,
        "barmode": "stack" if figure.stacked else "group",
        "bargap": 0.28,
        "bargroupgap": 0.08,
        "showlegend": with_legend,
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.02,
            "yanchor": "bottom",
            "font": {"color": token("ink"), "size": 12},
            "itemclick": "toggle",
            "traceorder": "normal",
        },
        "margin": {"l": 12, "r": 16, "t": 12, "b": 12},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": token("ink-muted"), "size": 12},
        "hovermode": "closest",
        "hoverdistance": 24,
        "hoverlabel": {
            "bgcolor": token("raised"),
            "bordercolor": token("line"),
            "align": "left",
            "font": {"color": token("ink"), "size": 12},
        },
        "dragmode": False,
    }


def _with_ticks(axis: Axis, values: Sequence[float]) -> Axis:
    """An axis of counts with its ticks; any other as it is."""
    if axis.unit is not Unit.COUNT or axis.ticks or axis.logarithmic or not values:
        return axis
    return replace(axis, ticks=count_ticks(values))


def _values_of_x(figure: Figure) -> list[float]:
    return [point.x for series in figure.series for point in series.points]


def _values_of_y(figure: Figure) -> list[float]:
    """Where points and bands lie, and how high bars stand that are stacked."""
    found: list[float] = []
    stacks: Counter[float] = Counter()
    for series in figure.series:
        for point in series.points:
            found += [value for value in (point.y, point.low, point.high) if value is not None]
            if figure.stacked and series.mark is Mark.BARS:
                stacks[point.x] += point.y or 0  # type: ignore[assignment]
    return [*found, *stacks.values()]


def _axis(axis: Axis, *, grid: bool) -> dict[str, JSON]:
    spec: dict[str, JSON] = {
        "title": {
            "text": plot_label(axis.title, 60),
            "standoff": 10,
            "font": {"color": token("ink-muted"), "size": 12},
        },
        "type": "log" if axis.logarithmic else "linear",
        "automargin": True,
        "showgrid": grid,
        "gridcolor": token("grid"),
        "zeroline": False,
        "showline": not grid,
        "linecolor": token("line"),
        "ticks": "" if grid else "outside",
        "tickcolor": token("line"),
        "ticklen": 4,
        "fixedrange": True,
    }
    if axis.ticks:
        places: list[JSON] = [place for place, _ in axis.ticks]
        labels: list[JSON] = [plot_label(label) for _, label in axis.ticks]
        spec |= {"tickmode": "array", "tickvals": places, "ticktext": labels}
    elif axis.unit in _FORMATS:
        spec["tickformat"] = _FORMATS[axis.unit]
    if axis.top is not None:
        spec["range"] = [0, axis.top]
    elif grid and not axis.logarithmic:
        spec["rangemode"] = "tozero"
    if axis.logarithmic and axis.ticks:
        ends = [math.log10(axis.ticks[0][0]), math.log10(axis.ticks[-1][0])]
        margin = max(0.04 * (ends[1] - ends[0]), 0.05)
        spec["range"] = [ends[0] - margin, ends[1] + margin]
    return spec
