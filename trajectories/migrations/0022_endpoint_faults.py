import django.db.models.deletion
from django.db import migrations, models

COLUMNS = {
    "run": "state_reason",
    "judgement": "state_reason",
    "generationjob": "state_reason",
    "attempt": "error_message",
    "judgementanswer": "fault",
    "generationcall": "error",
    "candidateanswer": "error",
    "samplergate": "reason",
}
SAID = r"""((\(\d{3}\)(, and an agent needs one)?\.) It said: |(The answer is [^']{1,80}\.) It begins: ).*$"""
"""A sentence of an earlier version about a call that failed, with the endpoint's own words behind it."""


def cut_words(table: str, column: str) -> migrations.RunSQL:
    """Leave the sentence and drop the words, which everybody could read who may see the row."""
    return migrations.RunSQL(
        [
            (
                f"UPDATE trajectories_{table} SET {column} = regexp_replace({column}, %s, '\\2\\4') WHERE {column} ~ %s",
                [SAID, SAID],
            )
        ],
        migrations.RunSQL.noop,
    )


CUT_EARLIER_ERRORS = migrations.RunSQL(
    [
        (
            "UPDATE trajectories_trace SET facts = jsonb_set(facts, '{earlier_error,message}', "
            "to_jsonb(regexp_replace(facts #>> '{earlier_error,message}', %s, '\\2\\4'))) "
            "WHERE facts #>> '{earlier_error,message}' ~ %s",
            [SAID, SAID],
        )
    ],
    migrations.RunSQL.noop,
)


class Migration(migrations.Migration):
    """What endpoints say when calls fail moves out of texts that everybody sees."""

    dependencies = [
        ("trajectories", "0021_see_reviews"),
    ]

    operations = [
        migrations.CreateModel(
            name="EndpointFault",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=40)),
                ("detail", models.TextField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "sampler",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="endpoint_faults",
                        to="trajectories.sampler",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["sampler", "-id"], name="endpoint_fault_newest")],
            },
        ),
        *(cut_words(table, column) for table, column in COLUMNS.items()),
        CUT_EARLIER_ERRORS,
    ]
