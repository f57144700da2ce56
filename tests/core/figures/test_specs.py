import json

from trajectories.core.figures.records import Axis, Column, Figure, Mark, Point, Row, Series, Unit
from trajectories.core.figures.specs import plotly_spec

HOSTILE = "<script>alert(1)</script>\u202e %{x} $\\frac{1}{2}$"


def figure(**values):
    points = [
        Point(1, 0.5, ["pass@1", HOSTILE], link="/traces/?run=1", low=0.4, high=0.6),
        Point(2, 0.75, low=0.7, high=0.8, hollow=True),
        Point(4, None),
    ]
    fields = {
        "title": "T",
        "definition": "D",
        "columns": [Column("k")],
        "rows": [Row([1])],
        "series": [Series(HOSTILE, Mark.LINE, "1", points), Series("Other", Mark.LINE, "2", points)],
        "x": Axis("k", ticks=[(1, "1"), (2, "2"), (4, "4")], logarithmic=True),
        "y": Axis("Share", Unit.SHARE, top=1),
    }
    return Figure(**{**fields, **values})


def test_it_is_json_and_no_name_in_it_is_markup():
    spec = plotly_spec(figure())
    assert "\\u202e" not in json.dumps(spec, allow_nan=False)
    # What the page itself reads aloud is text, and plotly.js never looks at it.
    drawn = [{key: value for key, value in trace.items() if key != "meta"} for trace in spec["data"]]
    text = json.dumps([drawn, spec["layout"]])
    assert "<script" not in text


def test_a_band_lies_behind_its_line_and_closes_on_itself():
    band, line = plotly_spec(figure())["data"][:2]
    assert band["x"] == [1, 2, 2, 1]
    assert band["y"] == [0.6, 0.8, 0.7, 0.4]
    assert (band["fill"], band["hoverinfo"], band["showlegend"]) == ("toself", "skip", False)
    assert line["y"] == [0.5, 0.75, None]


def test_points_bear_their_links_and_words_and_hollow_ones_the_colour_of_the_page():
    line = plotly_spec(figure())["data"][1]
    assert line["meta"]["links"] == ["/traces/?run=1", "", ""]
    assert line["meta"]["words"][0][0] == "pass@1"
    assert line["marker"]["color"] == ["token:1", "token:surface", "token:1"]


def test_a_logarithmic_axis_with_ticks_of_its_own_shows_all_of_them():
    layout = plotly_spec(figure())["layout"]
    assert layout["xaxis"]["type"] == "log"
    assert layout["xaxis"]["range"][0] < 0 < 0.602 < layout["xaxis"]["range"][1]
    assert layout["yaxis"]["range"] == [0, 1]


def test_an_axis_of_counts_says_its_ticks_without_prefixes_of_units():
    def ticks(*heights, **more):
        bars = Series("Bars", Mark.BARS, "1", [Point(place, height) for place, height in enumerate(heights)])
        spec = plotly_spec(figure(series=[bars], x=Axis("Episode", Unit.COUNT), y=Axis("Samples", Unit.COUNT), **more))
        for axis in ("xaxis", "yaxis"):
            assert "tickformat" not in spec["layout"][axis]
        return spec["layout"]["yaxis"]["ticktext"]

    assert ticks(0.5, 0.25) == ["0", "0.1", "0.2", "0.3", "0.4", "0.5"]
    assert ticks(1, 2) == ["0", "1", "2"]
    assert ticks(2.4) == ["0", "0.5", "1", "1.5", "2", "2.5"]
    assert ticks(1_400) == ["0", "500", "1k", "1.5k"]
    assert ticks(2_100_000_000, 0)[-1] == "2.5bn"
    assert ticks(0, 0) == ["0"]
    # Bars that stand on one another reach as high as all of them.
    stacked = [Series(name, Mark.BARS, "1", [Point(0, 9)]) for name in "abc"]
    layout = plotly_spec(figure(series=stacked, stacked=True, y=Axis("Samples", Unit.COUNT)))["layout"]
    assert layout["yaxis"]["tickvals"][-1] >= 27


def test_bars_may_lie_sideways_with_the_first_on_top():
    bars = Series("Bars", Mark.BARS, "fail", [Point(0, 7, ["timeout"])])
    spec = plotly_spec(figure(series=[bars], sideways=True, x=Axis("", ticks=[(0, "timeout")]), y=Axis("Attempts")))
    (trace,) = spec["data"]
    assert (trace["x"], trace["y"], trace["orientation"]) == ([7], [0], "h")
    assert spec["layout"]["yaxis"]["autorange"] == "reversed"
    assert spec["layout"]["yaxis"]["ticktext"] == ["timeout"]
    assert spec["layout"]["showlegend"] is False


def test_what_it_is_held_against_is_dashed_so_that_two_equal_lines_are_both_seen():
    points = [Point(0, 0.3), Point(1, 0.3)]
    spec = plotly_spec(
        figure(series=[Series("It", Mark.LINE, "1", points), Series("Control", Mark.CONTROL, "2", points)])
    )
    assert [(trace["mode"], trace["line"].get("dash")) for trace in spec["data"]] == [
        ("lines+markers", None), ("lines+markers", "dash"),
    ]  # fmt: skip
