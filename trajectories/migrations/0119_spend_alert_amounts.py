"""A limit that was raised, and is reached again on the same day, is told of again: the amount is part of what makes an
alert another one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0118_told_of_campaigns")]
    operations = [
        migrations.AddConstraint(
            "spendalert",
            models.UniqueConstraint(fields=["day", "limit", "level", "amount"], name="spend_alert_once_an_amount"),
        ),
        migrations.RemoveConstraint("spendalert", "spend_alert_once"),
        migrations.AlterField(
            "spendalert",
            "level",
            models.CharField(max_length=8, choices=[("warning", "nearly spent"), ("reached", "reached")]),
        ),
        migrations.AlterField(
            "spendlimit",
            "scope",
            models.CharField(
                max_length=8, choices=[("all", "whole project"), ("sampler", "sampler"), ("person", "person")]
            ),
        ),
    ]
