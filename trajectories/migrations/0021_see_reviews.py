from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0020_reply_cost")]

    operations = [
        migrations.AlterModelOptions(
            name="review",
            options={"permissions": [("see_reviews", "Can see other people's reviews before their own")]},
        ),
    ]
