from trajectories.charts.campaigns import PASS_BY_GENERATION
from trajectories.core.campaigns.measures import Outcomes, measure, with_one_k
from trajectories.core.consolidation.metrics import pass_at_k
from trajectories.models import Generation


def measured(*counts):
    """A sampler on problems with (samples, right ones)."""
    return measure([Outcomes(key, "", *each, (), 0) for key, each in enumerate(counts)], failed=0)


def test_several_generations_have_one_k_however_poor_a_problem_of_one_of_them_is():
    rich, poor, nothing = measured((8, 2), (8, 4)), measured((8, 2), (3, 1)), measured((0, 0))
    assert (rich.k, poor.k, nothing.k) == (8, 3, 0)
    first, second, third = with_one_k([rich, poor, nothing])
    assert (first.k, second, third) == (3, poor, nothing)
    assert first.passed_k.mean == (pass_at_k(8, 2, 3) + pass_at_k(8, 4, 3)) / 2 < rich.passed_k.mean
    assert (first.passed, first.rows) == (rich.passed, rich.rows)


def test_the_figure_joins_points_of_one_k():
    rows = [
        Generation(number=number, arm="champion", stage="done", measured=found.as_json())
        for number, found in enumerate((measured((8, 2), (8, 4)), measured((8, 3), (3, 1))))
    ]
    figure = PASS_BY_GENERATION.build(rows)
    assert [row.values[-2] for row in figure.rows] == [3, 3]
    (line,) = (series for series in figure.series if series.name == "pass@k")
    assert ["k = 3" in point.words[1] for point in line.points] == [True, True]
