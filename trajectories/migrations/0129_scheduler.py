"""When the scheduler was last heard of."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0127_worker_abilities")]
    operations = [
        migrations.CreateModel(
            name="Scheduler",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("rang_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("pk", 1)), name="scheduler_once")],
            },
        ),
    ]
