"""A webhook keeps the salts of all secrets that still sign: with room for one, a second new secret within a day took the
place of the one that the receiver had.
"""

from django.db import migrations, models

KEEP = """
UPDATE trajectories_webhook
SET earlier_salts = jsonb_build_array(jsonb_build_object('salt', old_salt, 'until', to_jsonb(old_until)))
WHERE old_salt <> '' AND old_until > STATEMENT_TIMESTAMP()
"""
KEEP_NEWEST = """
UPDATE trajectories_webhook
SET old_salt = earlier_salts -> -1 ->> 'salt', old_until = (earlier_salts -> -1 ->> 'until')::timestamptz
WHERE jsonb_array_length(earlier_salts) > 0
"""


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0112_indexes_nobody_asks")]
    operations = [
        migrations.AlterField(
            "webhookevent",
            "kind",
            models.CharField(
                max_length=20,
                choices=[
                    ("run.ended", "A run has ended"),
                    ("run.paused", "A run is paused"),
                    ("release.frozen", "A release is frozen"),
                    ("queue.done", "A queue has every review it needs"),
                    ("budget.low", "A budget or a daily limit is nearly spent"),
                    ("webhook.test", "A test"),
                ],
            ),
        ),
        migrations.AddField("webhook", "earlier_salts", models.JSONField(default=list, db_default=[])),
        migrations.RunSQL(KEEP, KEEP_NEWEST),
        migrations.RemoveField("webhook", "old_salt"),
        migrations.RemoveField("webhook", "old_until"),
    ]
