"""The words of statements, so that problems are found by what they ask. The index is made without keeping anybody from
writing; what PostgreSQL leaves of one that was stopped halfway goes first, so that this can be run again.
"""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import migrations
from django.db.models.functions import Left

GONE = "DROP INDEX CONCURRENTLY IF EXISTS problem_words"
THERE = (
    "CREATE INDEX CONCURRENTLY problem_words ON trajectories_problem"
    " USING gin (to_tsvector('english'::regconfig, COALESCE(\"left\"(statement, 100000), ''::text)))"
)
WORDS = SearchVector(Left("statement", 100_000), config="english")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("trajectories", "0119_spend_alert_amounts")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL((GONE, THERE), (GONE,))],
            state_operations=[migrations.AddIndex("problem", GinIndex(WORDS, name="problem_words"))],
        ),
    ]
