"""Trainings count the seconds that workers have been at them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0120_problem_words")]
    operations = [
        migrations.AddField(
            model_name="training",
            name="worked_seconds",
            field=models.PositiveIntegerField(db_default=0, default=0),
        )
    ]
