"""Workers say what they can do, so that a page need not ask the machine that it is made on."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0125_generation_budgets")]
    operations = [
        migrations.AddField(
            "worker", "trainers", models.CharField(blank=True, db_default="", default="", max_length=200)
        ),
        migrations.AddField("worker", "serves_models", models.BooleanField(db_default=False, default=False)),
    ]
