from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("trajectories", "0053_voided_assignments"),
    ]

    operations = [
        migrations.AddField(
            model_name="queue",
            name="by_problem",
            field=models.BooleanField(default=False),
        ),
    ]
