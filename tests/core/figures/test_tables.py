import csv

import pytest

from trajectories.core.figures.records import Column, Figure, Row, Unit
from trajectories.core.figures.tables import csv_lines, exact, shown


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (None, Unit.SHARE, "–"),
        (0.4567, Unit.SHARE, "45.7%"),
        (12_345, Unit.COUNT, "12,345"),
        (0.01234, Unit.MONEY, "0.0123 USD"),
        (1234.5, Unit.MONEY, "1,234.50 USD"),
        (0.25, Unit.SECONDS, "250 ms"),
        (61.04, Unit.SECONDS, "61.0 s"),
        (3.14159, Unit.NUMBER, "3.142"),
        ("plain", Unit.TEXT, "plain"),
    ],
)
def test_values_are_written_in_their_unit(value, unit, words):
    assert shown(value, unit, "USD") == words


def test_a_file_holds_every_digit_and_no_formula():
    rows = [Row(["=1+1", 0.123456789, None]), Row(['a "quoted", name', 7, 0.0])]
    figure = Figure("T", "D", [Column("Name"), Column("Share", Unit.SHARE), Column("More")], rows)
    read = list(csv.reader(csv_lines(figure)))
    assert read == [["Name", "Share", "More"], ["'=1+1", "0.123456789", ""], ['a "quoted", name', "7", "0.0"]]
    assert exact("-minus") == "'-minus"
