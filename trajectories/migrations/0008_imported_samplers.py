from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0007_instruction_suits")]

    operations = [
        migrations.AlterField(
            model_name="sampler",
            name="kind",
            field=models.CharField(
                choices=[
                    ("symbolic", "symbolic program search"),
                    ("chat", "language model"),
                    ("imported", "imported from elsewhere"),
                ],
                max_length=20,
            ),
        ),
    ]
