"""What scored the steps of a text is kept with the attempt, and a text may be asked for to its end."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0082_suggesting_scorers")]

    operations = [
        migrations.AddField(model_name="attempt", name="step_score", field=models.FloatField(null=True)),
        migrations.AlterField(
            model_name="attempt",
            name="kind",
            field=models.CharField(
                choices=[
                    ("first", "first"),
                    ("revision", "revision"),
                    ("composition", "composition"),
                    ("hinted", "hinted"),
                    ("step", "step"),
                    ("rest", "rest"),
                ],
                default="first",
                max_length=12,
            ),
        ),
    ]
