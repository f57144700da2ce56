"""Campaigns may have a budget for each generation beside that of all."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0124_training_time")]
    operations = [
        migrations.AddField(
            model_name="campaign",
            name="generation_cost",
            field=models.DecimalField(blank=True, decimal_places=6, max_digits=14, null=True),
        ),
        migrations.AddField(
            model_name="campaign",
            name="generation_tokens",
            field=models.BigIntegerField(blank=True, null=True),
        ),
    ]
