"""Daily limits that superusers alone set: of a project, and of all projects together. The table has a row a limit."""

from django.db import migrations, models
from django.db.models import Q

OF_SOMETHING = (
    Q(scope__in=("together", "ceiling", "all"), sampler_name="", person=None)
    | (Q(scope="sampler", person=None) & ~Q(sampler_name=""))
    | Q(scope="person", sampler_name="", person__isnull=False)
)


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0130_tallies")]
    operations = [
        migrations.AlterField(
            "spendlimit",
            "scope",
            models.CharField(
                max_length=8,
                choices=[
                    ("together", "all projects together"),
                    ("ceiling", "whole project, by superusers"),
                    ("all", "whole project"),
                    ("sampler", "sampler"),
                    ("person", "person"),
                ],
            ),
        ),
        migrations.RemoveConstraint("spendlimit", "spend_limit_of_something"),
        migrations.AddConstraint(
            "spendlimit", models.CheckConstraint(name="spend_limit_of_something", condition=OF_SOMETHING)
        ),
    ]
