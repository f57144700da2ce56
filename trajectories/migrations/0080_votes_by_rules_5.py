"""The form by which votes are counted has changed with the fifth set of rules: O’Brien is O'Brien, 6 = 2 × 3 is 6."""

from importlib import import_module

from django.db import migrations

recount = import_module("trajectories.migrations.0023_votes_by_mathematics").recount


class Migration(migrations.Migration):
    dependencies = [("trajectories", "0079_step_values")]

    operations = [migrations.RunPython(recount, migrations.RunPython.noop, elidable=True)]
