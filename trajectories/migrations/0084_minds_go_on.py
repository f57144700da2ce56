"""A mind may begin as what one of an earlier run had learnt."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0083_step_scores")]

    operations = [
        migrations.AddField(
            model_name="mind",
            name="went_on_from",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="continued",
                to="trajectories.mind",
            ),
        ),
    ]
