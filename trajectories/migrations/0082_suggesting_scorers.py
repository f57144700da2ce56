"""A scorer can order a queue, and now suggest its decisions too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0081_attempt_watches")]

    operations = [
        migrations.RenameField(model_name="queue", old_name="order_scorer", new_name="scorer_name"),
        migrations.AlterField(
            model_name="queue",
            name="suggestions",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "None"),
                    ("verdicts", "By verdicts: right is to be accepted, wrong to be rejected"),
                    ("judge", "By a model judge: what its newest verdict says"),
                    ("steps", "By a model judge of steps: its labels, and whether a step is wrong"),
                    ("scorer", "By a scorer: where it is sure"),
                ],
                db_default="",
                default="",
                max_length=10,
            ),
        ),
    ]
