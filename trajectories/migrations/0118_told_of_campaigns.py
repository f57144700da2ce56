"""Webhooks are told of campaigns and trainings too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0117_generations_go_on")]
    operations = [
        migrations.AlterField(
            model_name="webhookevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("run.ended", "A run has ended"),
                    ("run.paused", "A run is paused"),
                    ("campaign.ended", "A campaign has ended"),
                    ("campaign.paused", "A campaign is paused"),
                    ("training.ended", "A training has ended"),
                    ("training.waiting", "A training waits for its sampler"),
                    ("release.frozen", "A release is frozen"),
                    ("queue.done", "A queue has every review it needs"),
                    ("budget.low", "A budget or a daily limit is nearly spent"),
                    ("webhook.test", "A test"),
                ],
                max_length=20,
            ),
        ),
    ]
