"""Where figures go on a page: each is loaded by itself once it comes into sight, so that the page need not wait."""

from collections.abc import Iterable
from dataclasses import dataclass

from trajectories.charts.base import Chart
from trajectories.selectors.insights.scopes import InsightScope


@dataclass(frozen=True, slots=True)
class Slot:
    """A figure that is still to be loaded from `address`; `name` is unique on the page."""

    name: str
    title: str
    address: str


def slots(charts: Iterable[Chart], scope: InsightScope) -> list[Slot]:
    """The slots of some figures of one scope."""
    return [Slot(chart.name, chart.title, chart.address(scope)) for chart in charts]
