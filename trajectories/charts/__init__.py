"""The figures of the product by name: from counts of the database to what is drawn and tabled."""

from collections.abc import Mapping

from trajectories.charts.base import Chart
from trajectories.charts.difficulty import DIFFICULTY
from trajectories.charts.efficiency import EFFICIENCY
from trajectories.charts.errors import ERRORS, THROUGHPUT
from trajectories.charts.rates import PASS_AT_K, RUNS
from trajectories.charts.sizes import COSTS, LENGTHS
from trajectories.charts.spending import SPENDING
from trajectories.charts.verdicts import VERDICTS
from trajectories.charts.votes import DIVERSITY, RELIABILITY
from trajectories.charts.worlds import RECOVERY, SUCCESS

CHARTS: Mapping[str, Chart] = {
    chart.name: chart
    for chart in (
        PASS_AT_K,
        RUNS,
        SPENDING,
        EFFICIENCY,
        RELIABILITY,
        DIFFICULTY,
        DIVERSITY,
        VERDICTS,
        LENGTHS,
        COSTS,
        ERRORS,
        THROUGHPUT,
        SUCCESS,
        RECOVERY,
    )
}
"""By the name that stands in addresses, in the order of the page of insights."""

RUN_CHARTS = (THROUGHPUT, PASS_AT_K, SPENDING, EFFICIENCY, VERDICTS, LENGTHS, COSTS, RELIABILITY, ERRORS)
WORLD_CHARTS = (SUCCESS, RECOVERY)
SET_CHARTS = (PASS_AT_K, DIFFICULTY)
SAMPLER_CHARTS = (PASS_AT_K, SPENDING, LENGTHS, VERDICTS, ERRORS)
INSTRUCTION_CHARTS = (PASS_AT_K, LENGTHS, VERDICTS, ERRORS)
INSIGHTS = (PASS_AT_K, RUNS, SPENDING, EFFICIENCY, RELIABILITY, DIFFICULTY, DIVERSITY, VERDICTS, LENGTHS, COSTS, ERRORS)
"""What is shown where, in this order."""
