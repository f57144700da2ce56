"""Model judges that look for the first wrong step, and the steps that each was asked about."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("trajectories", "0064_segmentation"),
    ]

    operations = [
        migrations.AddField(
            model_name="judgejobitem",
            name="segmentation",
            field=models.CharField(blank=True, db_default="", default="", max_length=30),
        ),
        migrations.AlterField(
            model_name="judgejob",
            name="form",
            field=models.CharField(
                choices=[("grade", "grade"), ("compare", "compare"), ("steps", "steps")], max_length=10
            ),
        ),
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
                ],
                db_default="",
                default="",
                max_length=10,
            ),
        ),
    ]
