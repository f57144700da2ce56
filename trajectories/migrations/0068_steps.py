"""Attempts that ask for one step more, and why a strategy did not go on from a trace."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0061_campaigns")]

    operations = [
        migrations.AddField(
            model_name="attempt",
            name="pruned",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
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
                ],
                default="first",
                max_length=12,
            ),
        ),
    ]
