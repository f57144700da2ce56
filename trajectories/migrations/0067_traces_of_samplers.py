"""Indexes that hold the traces of a sampler, and of an instruction, in the order of the list.

Those that hold them in no order made the list of an old sampler walk past all that is newer. Made while everything else
goes on, as in 0056_list_indexes.
"""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

MADE = {"sampler": "trace_by_sampler", "instruction": "trace_by_instruction"}


def _made(column: str, name: str) -> migrations.SeparateDatabaseAndState:
    return migrations.SeparateDatabaseAndState(
        database_operations=[
            migrations.RunSQL(
                [
                    f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
                    f"CREATE INDEX CONCURRENTLY {name} ON trajectories_trace ({column}_id, id)",
                ],
                [f"DROP INDEX CONCURRENTLY IF EXISTS {name}"],
            )
        ],
        state_operations=[migrations.AddIndex("trace", models.Index(fields=[column, "id"], name=name))],
    )


def _key(column: str) -> "models.ForeignKey[Any, Any]":
    return models.ForeignKey(
        to=f"trajectories.{column}",
        null=True,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="traces",
        db_index=False,
    )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("trajectories", "0066_local_models")]
    operations = [
        *(_made(column, name) for column, name in MADE.items()),
        *(migrations.AlterField("trace", column, _key(column)) for column in MADE),
    ]
