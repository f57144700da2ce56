"""Indexes of traces by which nothing is looked up go: each took its share of every trace that came.

Django made one for every foreign key, and of keys that are texts a second one for beginnings of them. Traces are looked
up by none of their texts (prompt, reasoning, program, answer as it came), and texts are never deleted. By problem and by
run they are, and `trace_by_clauses` and `trace_in_run` begin with these. What PostgreSQL leaves of an index that was
stopped halfway goes first, so that the way back can be run again.
"""

import django.db.models.deletion
from django.db import migrations, models

PROTECT = django.db.models.deletion.PROTECT
BY_TEXT = {"prompt": "7a08b1ab", "reasoning": "df3140ea", "program": "cd64e98c", "raw": "8da86f70"}
COVERED = {"problem": "1faeaddd", "run": "cc567424"}


def name_of(field: str, digest: str) -> str:
    return f"trajectories_trace_{field}_id_{digest}"


NAMES = {name_of(field, digest): f"{field}_id" for field, digest in (BY_TEXT | COVERED).items()}
NAMES |= {f"{name_of(field, digest)}_like": f"{field}_id varchar_pattern_ops" for field, digest in BY_TEXT.items()}
GONE = [f"DROP INDEX CONCURRENTLY IF EXISTS {name}" for name in NAMES]
THERE = [f"CREATE INDEX CONCURRENTLY {name} ON trajectories_trace ({columns})" for name, columns in NAMES.items()]


def text_key(*, null: bool = False) -> "models.ForeignKey[object, object]":
    return models.ForeignKey(to="trajectories.text", on_delete=PROTECT, related_name="+", db_index=False, null=null)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("trajectories", "0111_words_of_many_later")]
    operations = [
        migrations.SeparateDatabaseAndState(
            # One statement each: several at once would be one transaction, in which no index goes CONCURRENTLY.
            database_operations=[
                migrations.RunSQL((gone,), (gone, there)) for gone, there in zip(GONE, THERE, strict=True)
            ],
            state_operations=[
                *(migrations.AlterField("trace", name, text_key(null=False)) for name in ("prompt", "reasoning")),
                *(migrations.AlterField("trace", name, text_key(null=True)) for name in ("program", "raw")),
                migrations.AlterField(
                    "trace",
                    "problem",
                    models.ForeignKey(
                        to="trajectories.problem", on_delete=PROTECT, related_name="traces", db_index=False
                    ),
                ),
                migrations.AlterField(
                    "trace",
                    "run",
                    models.ForeignKey(
                        to="trajectories.run", on_delete=PROTECT, related_name="traces", db_index=False, null=True
                    ),
                ),
            ],
        ),
    ]
