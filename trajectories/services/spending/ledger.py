"""The day book of what models were paid."""

from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

from trajectories.core.records import Usage


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose calls they are: a job of a kind, the sampler that it asks, and the person who began the job."""

    kind: str
    job_id: int
    sampler_id: int
    person_id: int | None


_ADD = """
INSERT INTO trajectories_spendday AS kept
    (day, kind, sampler_id, person_id, calls, unpriced, cost, input_tokens, output_tokens)
VALUES ((statement_timestamp() AT TIME ZONE 'UTC')::date, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (day, kind, sampler_id, person_id) DO UPDATE SET
    calls = kept.calls + excluded.calls, unpriced = kept.unpriced + excluded.unpriced,
    cost = kept.cost + excluded.cost, input_tokens = kept.input_tokens + excluded.input_tokens,
    output_tokens = kept.output_tokens + excluded.output_tokens
"""


def book(*, payer: Payer, usage: Usage, cost: Decimal | None, calls: int = 1, unpriced: int | None = None) -> None:
    """Add what calls took to the day, in UTC by the database's clock; calls that took nothing are not counted.

    Call it last in the transaction that charges the job: all jobs of a person that ask one sampler share a row.
    `unpriced` is how many of the calls have no known price; by itself all of them where `cost` is None, else none.
    """
    if not (usage.input_tokens or usage.output_tokens or cost):
        return
    without = (calls if cost is None else 0) if unpriced is None else unpriced
    amounts: list[int | Decimal] = [calls, without, cost or Decimal(0), usage.input_tokens, usage.output_tokens]
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [payer.kind, payer.sampler_id, payer.person_id, *amounts])
