"""Generations keep the sampler that they began with, the runs that were replaced, and whether they were stuck."""

import django.db.models.deletion
from django.db import migrations, models

# The sampler that the generation's own run was drawn with; of one that has none yet, the champion of now.
FILL = """
    UPDATE trajectories_generation AS mine SET base_id = coalesce(
        (SELECT run.sampler_id FROM trajectories_generation AS main JOIN trajectories_run AS run ON run.id = main.run_id
         WHERE main.campaign_id = mine.campaign_id AND main.number = mine.number AND main.arm = 'champion'),
        (SELECT campaign.champion_id FROM trajectories_campaign AS campaign WHERE campaign.id = mine.campaign_id)
    ) WHERE mine.number > 0
"""


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0116_scored_counts")]
    operations = [
        migrations.AddField(
            model_name="generation",
            name="base",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="trajectories.sampler"
            ),
        ),
        migrations.AddField(
            model_name="generation", name="is_stuck", field=models.BooleanField(db_default=False, default=False)
        ),
        migrations.AddField(
            model_name="generation",
            name="replaced",
            field=models.ManyToManyField(related_name="+", to="trajectories.run"),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        # The keys that were filled in are checked before indexes are made on them.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
    ]
