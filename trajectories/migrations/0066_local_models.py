from django.db import migrations, models


class Migration(migrations.Migration):
    """Models of this machine are samplers too."""

    dependencies = [("trajectories", "0065_judged_steps")]

    operations = [
        migrations.AlterField(
            model_name="sampler",
            name="kind",
            field=models.CharField(
                choices=[
                    ("symbolic", "symbolic program search"),
                    ("chat", "language model"),
                    ("local", "local model"),
                    ("agent", "agent in worlds"),
                    ("imported", "imported from elsewhere"),
                ],
                max_length=20,
            ),
        ),
    ]
