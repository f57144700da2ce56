from decimal import Decimal

import pytest

from trajectories.templatetags.money import money


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (0, "$0"),
        (Decimal("0.3123"), "$0.3123"),
        (Decimal("0.31230000"), "$0.3123"),
        (Decimal("0.00012346"), "$0.0001235"),
        (0.5, "$0.50"),
        (1, "$1.00"),
        (Decimal("1234.5"), "$1,234.50"),
    ],
)
def test_a_sum_is_shown_with_its_currency_and_as_exact_as_it_is_small(value, shown):
    assert money(value) == shown


@pytest.mark.parametrize(("currency", "shown"), [("EUR", "€2.50"), ("CHF", "CHF 2.50")])
def test_the_currency_is_the_installations(settings, currency, shown):
    settings.CURRENCY = currency
    assert money(2.5) == shown
