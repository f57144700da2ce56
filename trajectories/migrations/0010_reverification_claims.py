from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0009_reply_payer")]

    operations = [
        migrations.AddField(
            model_name="reverification",
            name="claims",
            field=models.PositiveSmallIntegerField(default=0),
        ),
    ]
